/**
 * Why a message is not a fix. A rejected payload is acknowledged, kept in `rejections` with one of
 * these codes, and counted per device. Codes are never reused.
 */
export const rejectionReasons = {
  topic: 'the topic is none that this fleet uses; see schemas/topics.ts',
  json: 'the payload is not JSON',
  shape: 'the JSON lacks a required field or has one of the wrong type; the detail names it',
  position: 'lat is outside ±90 or lng outside ±180, so it is not a place on Earth',
  instant: 'ts is not a time this system can hold (before 1970 or after 2100)',
  range: 'a value is outside what this system can hold; the detail names it',
  too_large: 'the payload is larger than the message limit',
  too_many: 'the batch holds more fixes than the limit of one message',
  unknown_device: 'no vehicle is known for this device, and its credential may not register one',
  format: 'the payload is in a format this topic does not carry',
  answer: 'it answers a command, a route version or a hand-over that the device was never sent',
  crc: 'the checksum of a binary frame is wrong: it was damaged on its way',
} as const;

export type RejectionReason = keyof typeof rejectionReasons;

/**
 * Why a stored fix is not used for conclusions, as bits of `fixes.flags` (judged by the fix alone,
 * when it is stored) and of `fix_flags.flags` (judged by its neighbours, revised by the engine).
 */
export const fixFlags = {
  /** Exactly 0, 0: a receiver without a position. */
  zero: 1,
  /** Reported accuracy worse than the limit (default 200 m). */
  accuracy: 2,
  /** The device's clock says a time before 2015: a receiver that lost its date. */
  clock_past: 4,
  /** The device's clock is ahead of the receiver's by more than the limit (default 60 s). */
  clock_future: 8,
  /** The device itself says that its position is not valid: no satellite lock, a guess, or mocked. */
  doubted: 16,
  /** Implied speed from the last good fix is beyond what a van drives (default 50 m/s). */
  implausible_speed: 256,
  /** Away and back between two fixes, further than the vehicle's own speed and heading allow. */
  spike: 512,
  /** The mirror image of where the vehicle is: a sign of latitude or longitude was lost. */
  sign_flip: 1024,
  /** The last position again, to the last digit, while the vehicle moved by its own speed. */
  stale_repeat: 2048,
  /** Wandered off from where the vehicle stands with its ignition off (default 45 m). */
  parked_drift: 4096,
  /** Its sequence number belongs elsewhere than its instant: the device's clock was wrong. */
  out_of_sequence: 8192,
} as const;

export type FixFlag = keyof typeof fixFlags;
