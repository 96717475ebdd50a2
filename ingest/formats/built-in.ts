import { awsShadow } from './aws-shadow.ts';
import { flespi } from './flespi.ts';
import type { Format } from './format.ts';
import { geojson } from './geojson.ts';
import { ovms } from './ovms.ts';
import { owntracks } from './owntracks.ts';
import { protobuf } from './protobuf.ts';
import { sparkplug } from './sparkplug.ts';
import { teltonika } from './teltonika.ts';
import { teslamate } from './teslamate.ts';
import { thingsboard } from './thingsboard.ts';
import { traccar } from './traccar.ts';
import { vss, vssTopics } from './vss.ts';

/** Every foreign format, in the order in which a payload without a topic is asked whether it is one. */
export const builtIn: readonly Format[] = [
  owntracks,
  teltonika,
  flespi,
  traccar,
  geojson,
  thingsboard,
  awsShadow,
  vss,
  vssTopics,
  ovms,
  teslamate,
  protobuf,
  sparkplug,
];
