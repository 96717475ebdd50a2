import type { Problem } from '../../api.ts';
import type { LineProblem } from '../../api-devices.ts';

/** The server's refusal, or the lack of an answer, as a sentence for a person. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  /** What is wrong with a file, by line. */
  readonly lines: readonly LineProblem[];

  constructor(problem: Problem & { readonly lines?: readonly LineProblem[] | undefined }) {
    super(problem.message);
    this.status = problem.statusCode;
    this.code = problem.code;
    this.lines = problem.lines ?? [];
  }
}

export function sentence(error: unknown): string {
  if (error instanceof Refusal) return error.message;
  return 'Something unexpected happened on this page. Reloading it should help.';
}

let clockAhead = 0;

/**
 * Seconds by which the server's clock is ahead of this machine's, to the second (HTTP dates have no
 * more). Less than two are not told apart from the way there and back.
 */
export const serverClockAhead = (): number => (Math.abs(clockAhead) < 2 ? 0 : clockAhead);

let onLoggedOut = (): void => {};

/** Called when the server says that the session has ended. */
export function whenLoggedOut(handler: () => void): void {
  onLoggedOut = handler;
}

/** One request of the API. The answer's shape is the contract of dashboards/api.ts. */
export async function request<Answer>(
  method: 'GET' | 'POST',
  path: string,
  { body, signal }: { readonly body?: unknown; readonly signal?: AbortSignal | undefined } = {},
): Promise<Answer> {
  const init: RequestInit = { method, credentials: 'same-origin', headers: { accept: 'application/json' } };
  if (signal !== undefined) init.signal = signal;
  if (body !== undefined) {
    init.headers = { accept: 'application/json', 'content-type': 'application/json' };
    init.body = JSON.stringify(body);
  }
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new Refusal({
      statusCode: 0,
      code: 'network',
      message: 'The server does not answer. Check that Paceline is running and try again.',
    });
  }
  const date = Date.parse(response.headers.get('date') ?? '');
  if (!Number.isNaN(date)) clockAhead = (date - Date.now()) / 1000;
  if (response.ok) {
    return response.status === 204 ? (undefined as Answer) : ((await response.json()) as Answer);
  }
  const refusal = new Refusal(await problemOf(response));
  if (response.status === 401 && path !== '/api/login') onLoggedOut();
  throw refusal;
}

async function problemOf(
  response: Response,
): Promise<Problem & { readonly lines?: readonly LineProblem[] | undefined }> {
  const fallback = `The server answered ${response.status} ${response.statusText}.`;
  try {
    const answer = (await response.json()) as Partial<Problem> & { readonly lines?: LineProblem[] };
    return {
      statusCode: response.status,
      code: answer.code ?? 'unknown',
      lines: answer.lines,
      message: typeof answer.message === 'string' && answer.message !== '' ? answer.message : fallback,
    };
  } catch {
    return { statusCode: response.status, code: 'unknown', message: fallback };
  }
}
