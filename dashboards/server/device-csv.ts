import { topicName } from '../../schemas/topics.ts';
import type { LineProblem, NewDevice } from '../api-devices.ts';

const DEVICES_MAX = 20_000;
const PROBLEMS_MAX = 200;
const columns = ['device', 'vehicle', 'profile', 'secret'] as const;
type Column = (typeof columns)[number];

/** The devices of a CSV file with the lines they stand on, or everything that is wrong with it, by line. */
export type DeviceCsv = {
  readonly devices: readonly (NewDevice & { readonly line: number })[];
  readonly problems: readonly LineProblem[];
};

/**
 * Reads `device,vehicle,profile,secret`: the first line names the columns, of which only `device` is
 * needed. Fields may stand in double quotes; `secret` is yes or no. `formats` are the profiles there are.
 */
export function readDeviceCsv(text: string, formats: readonly string[]): DeviceCsv {
  const [header = [], ...lines] = text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .map(fieldsOf);
  const names = header.map((name) => name.trim().toLowerCase());
  const strange = names.filter((name) => !(columns as readonly string[]).includes(name));
  if (strange.length > 0 || !names.includes('device')) {
    const what = names.includes('device')
      ? `there is no column “${strange[0]}”`
      : 'there is no column “device”';
    return { devices: [], problems: [{ line: 1, message: `${what}; known are ${columns.join(', ')}` }] };
  }
  const devices: (NewDevice & { line: number })[] = [];
  const problems: LineProblem[] = [];
  const seen = new Map<string, number>();
  for (const [i, fields] of lines.entries()) {
    const line = i + 2;
    if (fields.length === 1 && fields[0]?.trim() === '') continue;
    if (devices.length === DEVICES_MAX) {
      problems.push({ line, message: `more than ${DEVICES_MAX} devices; import the rest by itself` });
      break;
    }
    const row = rowOf(fields, names, formats);
    const twice = typeof row === 'string' ? undefined : seen.get(row.device);
    if (typeof row === 'string') problems.push({ line, message: row });
    else if (twice !== undefined)
      problems.push({ line, message: `${row.device} stands on line ${twice} already` });
    else {
      seen.set(row.device, line);
      devices.push({ ...row, line });
    }
  }
  if (devices.length === 0 && problems.length === 0)
    problems.push({ line: 2, message: 'there is no device' });
  return { devices, problems: problems.slice(0, PROBLEMS_MAX) };
}

function rowOf(
  fields: readonly string[],
  names: readonly string[],
  formats: readonly string[],
): NewDevice | string {
  if (fields.length > names.length)
    return `${fields.length} fields, and the first line names ${names.length}`;
  const field = (name: Column) => fields[names.indexOf(name)]?.trim() ?? '';
  const device = field('device');
  if (!topicName.test(device)) {
    return `“${device}” cannot name a device: use letters, digits and . _ : @ -, beginning with a letter or digit`;
  }
  const vehicle = field('vehicle') || device;
  if (!topicName.test(vehicle))
    return `“${vehicle}” cannot name a vehicle: use letters, digits and . _ : @ -`;
  const profile = field('profile');
  if (profile !== '' && !formats.includes(profile)) {
    return `no format is called “${profile}”; known are ${formats.join(', ')}`;
  }
  const secret = field('secret').toLowerCase();
  if (!['', 'yes', 'no'].includes(secret))
    return `secret must be yes or no, not “${secret}”: secrets are made here`;
  return { device, vehicle, profile: profile === '' ? null : profile, secret: secret !== 'no' };
}

/** The fields of one line; a quote within quotes is doubled. */
function fieldsOf(line: string): string[] {
  if (!line.includes('"')) return line.split(',');
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, bare = '']) => quoted?.replaceAll('""', '"') ?? bare,
  );
}
