import type { Fix } from '../../schemas/fix.ts';
import type { RejectionReason } from '../../schemas/reasons.ts';
import type {
  Answered,
  Decoded,
  DecodeLimits,
  Flaw,
  Origin,
  Rejection,
  Report,
  Undecoded,
} from './decoded.ts';
import { answerFrom } from './own-answer.ts';
import { fixFrom } from './own-fix.ts';
import { reportFrom } from './own-stop-report.ts';

/**
 * The fixes, stop reports or answers of one message, and what in it was none. Bad data is a value: one bad
 * element of an array does not cost the good ones, and no bytes at all make this throw.
 */
export function decode(message: Undecoded, origin: Origin, limits: DecodeLimits): Decoded {
  const { payload } = message;
  if (payload.length > limits.messageBytes) {
    return rejected(payload, 'too_large', `${payload.length} bytes, the limit is ${limits.messageBytes}`);
  }
  const json = parseJson(payload);
  if (json === undefined) return rejected(payload, 'json', `${payload.length} bytes that are not JSON`);
  const elements = Array.isArray(json) ? json : [json];
  if (elements.length > limits.fixesPerMessage) {
    return rejected(
      payload,
      'too_many',
      `${elements.length} in one message, the limit is ${limits.fixesPerMessage}`,
    );
  }
  return decodeElements(elements, message, origin, limits);
}

/** The same for what is parsed already. */
export function decodeElements(
  elements: readonly unknown[],
  message: Undecoded,
  origin: Origin,
  limits: DecodeLimits,
): Decoded {
  const { payload } = message;
  const fixes: Fix[] = [];
  const reports: Report[] = [];
  const answers: Answered[] = [];
  const rejections: Rejection[] = [];
  for (let i = 0; i < elements.length; i++) {
    let flaw: Flaw;
    if (message.channel === 'telemetry') {
      const fix = fixFrom(elements[i], origin, message.received, limits);
      if (!('detail' in fix)) {
        fixes.push(fix);
        continue;
      }
      flaw = fix;
    } else if (message.channel === 'answers') {
      const answer = answerFrom(elements[i], origin);
      if (!('detail' in answer)) {
        answers.push(answer);
        continue;
      }
      flaw = answer;
    } else {
      const report = reportFrom(elements[i], origin, message.received);
      if (!('detail' in report)) {
        reports.push(report);
        continue;
      }
      flaw = report;
    }
    rejections.push({
      reason: flaw.reason,
      detail: elements.length > 1 ? `element ${i} of ${elements.length}: ${flaw.detail}` : flaw.detail,
      payload: elements.length > 1 || message.isPart ? (textOf(elements[i]) ?? payload) : payload,
    });
  }
  return answers.length > 0 ? { fixes, reports, rejections, answers } : { fixes, reports, rejections };
}

function rejected(payload: Uint8Array, reason: RejectionReason, detail: string): Decoded {
  return { fixes: [], reports: [], rejections: [{ reason, detail, payload }] };
}

export function parseJson(payload: Uint8Array): unknown {
  try {
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** JSON of an element; undefined when it is nested too deeply to be written again. */
export function textOf(element: unknown): Uint8Array | undefined {
  try {
    return Buffer.from(JSON.stringify(element));
  } catch {
    return undefined;
  }
}
