import exec from 'k6/execution';
import { Counter, Trend } from 'k6/metrics';
import type { Options } from 'k6/options';
import { setTimeout } from 'k6/timers';
import { Client } from 'k6/x/mqtt';
import type { OwnMessage } from '../../../schemas/fix.ts';
import { deviceTopic } from '../../../schemas/topics.ts';
import { degreesFromRadians, radiansFromDegrees } from '../../../schemas/units.ts';
import { given, trendStats } from './given.ts';

export { handleSummary } from './given.ts';

const puback = new Trend('mqtt_puback', true);
const offered = new Counter('mqtt_offered');
const acknowledged = new Counter('mqtt_acknowledged');
const unacknowledged = new Counter('mqtt_unacknowledged');

/** Messages of one connection that may await their PUBACK; as many as the simulator allows itself. */
const IN_FLIGHT_MAX = 128;
/** How long the last ones may take, ms. */
const PATIENCE_MS = 10_000;

/** The fleet's gateways, each with its share of the vans. */
export const options: Options = {
  scenarios: {
    gateways: {
      executor: 'per-vu-iterations',
      vus: given.users,
      iterations: 1,
      maxDuration: `${given.seconds + 60}s`,
    },
  },
  summaryTrendStats: trendStats,
  thresholds: {
    mqtt_acknowledged: ['count>0'],
    mqtt_unacknowledged: ['count<1'],
    // Committed to the database by then. With nothing held back, the queue is what is measured.
    mqtt_puback: given.rate === 0 ? ['p(99)<10000'] : ['p(95)<1000', 'p(99)<3000'],
  },
};

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/**
 * One gateway: a fix of each of its vans in turn, evenly spaced and open loop, so that a latency counts
 * from when the message was due, not from when there was room for it.
 */
export default async function speakForVans(): Promise<void> {
  const index = exec.vu.idInTest - 1;
  const client = new Client({
    client_id: `load-${given.fleet}-${index}-${Date.now().toString(36)}`,
    username: given.gateway.username,
    password: given.gateway.password,
  });
  await connected(client);
  const vans = Array.from({ length: given.vans }, (_, van) => van).filter(
    (van) => van % given.users === index % given.users,
  );
  const share = vans.length / given.vans;
  const spacing = given.rate === 0 ? 0 : 1000 / (given.rate * share);
  const began = Date.now();
  let inFlight = 0;
  for (let count = 0; vans.length > 0; count++) {
    const due = spacing === 0 ? Date.now() : began + count * spacing;
    if (due - began >= given.seconds * 1000) break;
    // Also when nothing holds us back: only while we wait are acknowledgements heard.
    while (Date.now() < due || inFlight >= IN_FLIGHT_MAX) await pause(Math.max(1, due - Date.now()));
    const van = vans[count % vans.length] ?? 0;
    const topic = deviceTopic({ fleet: given.fleet, device: `load-${van + 1}`, channel: 'telemetry' });
    inFlight++;
    offered.add(1);
    client
      .publishAsync(topic, JSON.stringify(fixOf(van, Math.floor(count / vans.length), due, began)), {
        qos: 1,
      })
      .then(
        () => {
          inFlight--;
          acknowledged.add(1);
          puback.add(Date.now() - due);
        },
        () => {
          inFlight--;
          unacknowledged.add(1);
        },
      );
  }
  for (let waited = 0; inFlight > 0 && waited < PATIENCE_MS; waited += 10) await pause(10);
  unacknowledged.add(inFlight);
  client.end();
}

function connected(client: Client): Promise<void> {
  return new Promise((resolve, reject) => {
    client.on('connect', () => resolve());
    client.on('error', ({ message }) => reject(new Error(`MQTT: ${message}`)));
    client.connect(given.mqttUrl, { keepalive: 30, connect_timeout: 10_000 });
  });
}

/** Metres of a degree of latitude. */
const DEGREE = 111_320;
const SPEED = 10;

/** The vans of the load drive in circles about the scenario's city, each its own, at 10 m/s. */
function fixOf(van: number, seq: number, ms: number, boot: number): OwnMessage {
  const radius = 500 + (van % 100) * 50;
  const angle = ((ms / 1000) * SPEED) / radius + van;
  const { lng, lat } = given.origin;
  return {
    ts: Math.round(ms),
    lat: lat + (radius * Math.cos(angle)) / DEGREE,
    lng: lng + (radius * Math.sin(angle)) / (DEGREE * Math.cos(radiansFromDegrees(lat))),
    seq,
    boot: boot.toString(36),
    speed: SPEED,
    heading: Math.round(degreesFromRadians(angle + Math.PI / 2)) % 360,
    sent: Date.now(),
  };
}
