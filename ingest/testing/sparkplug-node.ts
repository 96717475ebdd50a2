import { PbfWriter } from 'pbf';

/** A metric as an edge node writes it; a number is a Double, `int` one of datatype Int32. */
export type TestMetric = {
  readonly name?: string;
  readonly alias?: number;
  readonly timestamp?: number;
  readonly isHistorical?: boolean;
  readonly value?: number | boolean | string;
  readonly int?: number;
};

/** A payload of sparkplug_b.proto. */
export function sparkplugBytes(
  timestamp: number,
  seq: number | undefined,
  metrics: readonly TestMetric[],
): Buffer {
  const pbf = new PbfWriter();
  pbf.writeVarintField(1, timestamp);
  for (const metric of metrics) pbf.writeMessage(2, writeMetric, metric);
  if (seq !== undefined) pbf.writeVarintField(3, seq);
  return Buffer.from(pbf.finish());
}

function writeMetric({ name, alias, timestamp, isHistorical, value, int }: TestMetric, pbf: PbfWriter): void {
  if (name !== undefined) pbf.writeStringField(1, name);
  if (alias !== undefined) pbf.writeVarintField(2, alias);
  if (timestamp !== undefined) pbf.writeVarintField(3, timestamp);
  if (isHistorical === true) pbf.writeBooleanField(5, true);
  if (int !== undefined) {
    pbf.writeVarintField(4, 3);
    pbf.writeVarintField(10, int >>> 0);
  }
  if (typeof value === 'number') {
    pbf.writeVarintField(4, 10);
    pbf.writeDoubleField(13, value);
  }
  if (typeof value === 'boolean') {
    pbf.writeVarintField(4, 11);
    pbf.writeBooleanField(14, value);
  }
  if (typeof value === 'string') {
    pbf.writeVarintField(4, 12);
    pbf.writeStringField(15, value);
  }
}
