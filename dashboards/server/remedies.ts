import { fixFlags, rejectionReasons } from '../../schemas/reasons.ts';

/** What to do about what was refused or flagged, by the codes of schemas/reasons.ts. */
const rejected: Readonly<Record<string, string>> = {
  topic: 'Let the device publish to its own topic, as it is shown above.',
  json: 'Paste the payload into the doctor: if it is another format, give the device that profile.',
  shape: 'Correct the field that the detail names, or map it: the doctor writes the line.',
  position:
    'See whether latitude and longitude are exchanged, or in another unit, such as degrees times 1e7.',
  instant: 'Send milliseconds since 1970; a profile or mapping can take seconds or text.',
  range: 'Correct the value that the detail names, or its unit in the mapping.',
  too_large: 'Send fewer fixes in one message.',
  too_many: 'Send fewer fixes in one message.',
  unknown_device: 'Assign the device to a vehicle, or claim it in the list of unknown devices.',
  format: 'Give the device the profile of the format it speaks, or publish to the topic of that format.',
};

const flagged: Readonly<Record<string, readonly [meaning: string, remedy: string]>> = {
  zero: ['it says 0, 0', 'The receiver sends before it has a position: let it wait for one.'],
  accuracy: ['less accurate than 200 m', 'Look at the antenna and where it is mounted.'],
  clock_past: ['its clock says before 2015', 'The receiver lost its date: a firmware update, or a battery.'],
  clock_future: ['its clock is ahead of ours', 'Let the device set its clock by its receiver or by NTP.'],
  doubted: ['the device itself doubts its position', 'Nothing, if it is seldom; else look at the antenna.'],
  implausible_speed: [
    'faster than a van from the last good fix',
    'Two devices may share one name or vehicle.',
  ],
  spike: ['away and back within one fix', 'Look at the antenna if it is often.'],
  sign_flip: [
    'on the other side of the equator or of Greenwich',
    'A sign gets lost: look at the mapping, or at the firmware.',
  ],
  stale_repeat: [
    'the position before, once more, while moving',
    'The receiver sticks: look at the antenna, or let the device send only new positions.',
  ],
  parked_drift: ['wanders off while the van stands', 'Nothing: it stands under a roof.'],
  out_of_sequence: [
    'its clock says another time than its sequence number',
    'Let the device set its clock by its receiver or by NTP.',
  ],
};

const plain = (code: string): string => code.replaceAll('_', ' ');

export function rejectionWords(reason: string): { readonly meaning: string; readonly remedy: string } {
  const meaning = (rejectionReasons as Readonly<Record<string, string>>)[reason] ?? plain(reason);
  return { meaning, remedy: rejected[reason] ?? 'Paste the payload into the doctor.' };
}

export function flagWords(flag: string): { readonly meaning: string; readonly remedy: string } {
  const [meaning, remedy] = flagged[flag] ?? [
    flag in fixFlags ? plain(flag) : flag,
    'Kept and not used for conclusions; look at the device if it is often.',
  ];
  return { meaning, remedy };
}
