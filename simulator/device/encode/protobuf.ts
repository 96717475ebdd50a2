import { PbfWriter } from 'pbf';
import type { OwnMessage } from '../../../schemas/fix.ts';

/** Fixes as one message `Fixes` of schemas/paceline.proto. */
export function protobufFixes(messages: readonly OwnMessage[]): Uint8Array {
  const pbf = new PbfWriter();
  const base = Math.round(messages[0]?.ts ?? 0);
  for (const message of messages) pbf.writeMessage(1, (fix, out) => writeFix(fix, out, base), message);
  pbf.writeVarintField(2, base);
  const boot = messages.find((message) => message.boot != null)?.boot;
  if (boot != null) pbf.writeStringField(3, boot);
  return pbf.finish();
}

function writeFix(message: OwnMessage, pbf: PbfWriter, base: number): void {
  pbf.writeSVarintField(1, Math.round(message.ts) - base);
  pbf.writeSFixed32Field(2, Math.round(message.lat * 1e7));
  pbf.writeSFixed32Field(3, Math.round(message.lng * 1e7));
  const whole: readonly [field: number, value: number | boolean | null | undefined, unit: number][] = [
    [4, message.seq, 1],
    [5, message.speed, 100],
    [6, message.heading, 10],
    [7, message.accuracy, 10],
    [9, message.satellites, 1],
    [10, message.ignition, 1],
    [11, message.odometer, 10],
    [12, message.fuel, 1000],
    [13, message.soc, 1000],
    [14, message.rpm, 1],
    [15, message.door, 1],
    [16, message.belt, 1],
    [18, message.buffered, 1],
  ];
  for (const [field, value, unit] of whole) {
    if (value != null) pbf.writeVarintField(field, Math.max(0, Math.round(Number(value) * unit)));
  }
  if (message.altitude != null) pbf.writeSVarintField(8, Math.round(message.altitude * 10));
  if (message.sent != null) pbf.writeSVarintField(17, Math.round(message.sent) - base);
  for (const event of message.events ?? [])
    pbf.writeMessage(19, (one, out) => writeEvent(one, out, base), event);
}

function writeEvent(event: NonNullable<OwnMessage['events']>[number], pbf: PbfWriter, base: number): void {
  pbf.writeStringField(1, event.type);
  if (event.value != null) pbf.writeDoubleField(2, event.value);
  if (event.ts != null) pbf.writeSVarintField(3, Math.round(event.ts) - base);
}
