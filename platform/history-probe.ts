import { asError } from '../schemas/fault.ts';

const PATIENCE_MS = 3_000;

/** What stands between us and an outside ClickHouse, in words; undefined when nothing does. */
export async function historyProblem(url: string): Promise<string | undefined> {
  const { username, password, origin } = new URL(url);
  const user = decodeURIComponent(username) || 'default';
  const login = Buffer.from(`${user}:${decodeURIComponent(password)}`).toString('base64');
  try {
    const answer = await fetch(`${origin}/?query=${encodeURIComponent('select 1')}`, {
      headers: { authorization: `Basic ${login}` },
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const [said = ''] = (await answer.text()).split('\n');
    return answer.ok ? undefined : `it says: ${said.slice(0, 200) || `HTTP ${answer.status}`}`;
  } catch (thrown) {
    const { cause } = asError(thrown);
    return asError(cause ?? thrown).message;
  }
}
