import type { FastifyError, FastifyInstance } from 'fastify';
import type { Log } from '../../schemas/program.ts';
import type { Problem } from '../api.ts';

/** An answer that is no success: thrown by handlers, turned into a `Problem`. */
export class Problematic extends Error {
  readonly statusCode: number;
  readonly code: string;

  constructor(statusCode: number, code: string, message: string) {
    super(message);
    this.name = 'Problematic';
    this.statusCode = statusCode;
    this.code = code;
  }
}

export function notFound(what: string): Problematic {
  return new Problematic(404, 'request/not-found', `There is no such ${what}.`);
}

export function conflict(sentence: string): Problematic {
  return new Problematic(409, 'request/conflict', sentence);
}

/** Every error of the app in the one shape; what nobody foresaw is logged whole and says nothing. */
export function answerProblems(app: FastifyInstance, log: Log): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const problem = problemOf(error);
    if (problem.statusCode >= 500) {
      log.error({ method: request.method, url: request.url, err: error }, 'request failed');
    }
    return reply.code(problem.statusCode).send(problem);
  });
}

function problemOf(error: FastifyError): Problem {
  if (error instanceof Problematic) {
    return { statusCode: error.statusCode, code: error.code, message: error.message };
  }
  if (error.validation) {
    return { statusCode: 400, code: 'request/invalid', message: validationSentence(error) };
  }
  const lost = databaseProblem(error);
  if (lost) return { statusCode: lost.statusCode, code: lost.code, message: lost.message };
  const statusCode = error.statusCode ?? 500;
  if (statusCode === 429) return { statusCode, code: 'request/too-many', message: error.message };
  if (statusCode >= 400 && statusCode < 500) {
    return { statusCode, code: 'request/invalid', message: error.message };
  }
  return { statusCode: 500, code: 'internal', message: 'internal error' };
}

/** Names the field: "body: /email is required". */
function validationSentence({ validation = [], validationContext }: FastifyError): string {
  const parts = validation.map(({ instancePath, message, params }) => {
    const missing = (params as { requiredProperties?: readonly string[] }).requiredProperties;
    if (missing) return missing.map((name) => `${`${instancePath}/${name}`.slice(1)} is required`).join('; ');
    return `${instancePath === '' ? 'the value' : instancePath.slice(1)} ${message ?? 'is not valid'}`;
  });
  return `${validationContext ?? 'request'}: ${parts.join('; ')}`;
}

const unreachable = /ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENOTFOUND|ENOENT|EPIPE|EHOSTUNREACH|^08|^57P/;

/** What a failed query means to whoever asked, or undefined when it is our own fault. */
function databaseProblem(error: Error & { code?: unknown }): Problematic | undefined {
  const code = typeof error.code === 'string' ? error.code : '';
  if (code === '57014') {
    return new Problematic(504, 'query/timeout', 'The database took too long to answer; ask for less.');
  }
  // Class 22, data exception: a value that the schema lets pass and no column can hold, such as a NUL in a text.
  if (/^22/.test(code)) {
    return new Problematic(400, 'request/invalid', `The database refuses a value: ${error.message}.`);
  }
  const isLost = /Connection terminated|timeout exceeded when trying to connect/.test(error.message);
  if (isLost || unreachable.test(code)) {
    return new Problematic(503, 'database/unreachable', 'The database is not reachable; try again shortly.');
  }
  return undefined;
}
