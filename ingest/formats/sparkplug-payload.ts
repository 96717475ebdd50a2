import { boolOf, doubleOf, messagesOf, textOf, uintOf, type WireField, wireFields } from './protobuf-wire.ts';

/**
 * A Sparkplug B payload (https://github.com/eclipse-sparkplug/sparkplug, sparkplug_b.proto): the fields
 * that say where something is and how it is, by the numbers of that file.
 */
export type SparkplugPayload = {
  /** Milliseconds since the epoch. */
  readonly timestamp: number | undefined;
  readonly seq: number | undefined;
  readonly metrics: readonly SparkplugMetric[];
};

export type SparkplugMetric = {
  readonly name: string | undefined;
  readonly alias: number | undefined;
  readonly timestamp: number | undefined;
  readonly isHistorical: boolean;
  /** Undefined: null, or of a type that no fix has a field for. */
  readonly value: number | string | boolean | undefined;
};

const payloadField = { timestamp: 1, metrics: 2, seq: 3 };
const metricField = {
  ...{ name: 1, alias: 2, timestamp: 3, datatype: 4, isHistorical: 5, isNull: 7 },
  ...{ int: 10, long: 11, float: 12, double: 13, boolean: 14, string: 15 },
};
/** Datatypes whose `int_value` or `long_value` is a two's complement: Int8 to Int64. */
const signedBits: ReadonlyMap<number | undefined, number> = new Map([
  [1, 8],
  [2, 16],
  [3, 32],
  [4, 64],
]);

export function sparkplugPayload(bytes: Uint8Array): SparkplugPayload | undefined {
  const fields = wireFields(bytes);
  const metrics = fields && messagesOf(fields, payloadField.metrics);
  if (fields === undefined || metrics === undefined) return undefined;
  return {
    timestamp: uintOf(fields, payloadField.timestamp),
    seq: uintOf(fields, payloadField.seq),
    metrics: metrics.map(metricOf),
  };
}

function metricOf(fields: readonly WireField[]): SparkplugMetric {
  const name = textOf(fields, metricField.name);
  return {
    name: name === '' ? undefined : name,
    alias: uintOf(fields, metricField.alias),
    timestamp: uintOf(fields, metricField.timestamp),
    isHistorical: boolOf(fields, metricField.isHistorical) ?? false,
    value: boolOf(fields, metricField.isNull) ? undefined : metricValue(fields),
  };
}

function metricValue(fields: readonly WireField[]): SparkplugMetric['value'] {
  const float = doubleOf(fields, metricField.double) ?? doubleOf(fields, metricField.float);
  if (float !== undefined) return float;
  const whole = uintOf(fields, metricField.int) ?? uintOf(fields, metricField.long);
  if (whole !== undefined) return signed(whole, signedBits.get(uintOf(fields, metricField.datatype)));
  return boolOf(fields, metricField.boolean) ?? textOf(fields, metricField.string);
}

function signed(value: number, bits: number | undefined): number {
  if (bits === undefined) return value;
  // Some write a small negative number in as many bits as the field has.
  const width = value >= 2 ** 32 ? 64 : bits === 64 ? 64 : value >= 2 ** bits ? 32 : bits;
  return value >= 2 ** (width - 1) ? value - 2 ** width : value;
}
