import type { Socket } from 'node:net';
import type { Log } from '../../schemas/program.ts';
import type { Directory } from '../access/directory.ts';
import type { Message } from '../broker/delivery.ts';
import { type Listen, listen } from '../broker/listen.ts';
import type { Certificates, IngestLimits } from '../config.ts';
import type { Downlink } from '../down/downlink.ts';
import { keyOf } from '../down/outlet.ts';
import type { FormatRegistry } from '../formats/registry.ts';
import { type Admission, Connection } from './connection.ts';
import { eitherServer } from './either.ts';

export type TeltonikaOptions = {
  readonly listen: Listen;
  /** Then devices may speak TLS on that port. */
  readonly tls?: Certificates | undefined;
  /** The fleet whose list of unknown devices an IMEI goes to that no fleet knows. */
  readonly fleet: string | undefined;
  readonly directory: Directory;
  readonly formats: FormatRegistry;
  readonly downlink: Pick<Downlink, 'open'>;
  readonly limits: IngestLimits;
  readonly log: Log;
  /** The wall clock, an instant. */
  readonly now: () => number;
  readonly receive: (message: Message) => void;
  readonly fullness: () => number;
};

export type DeviceServer = AsyncDisposable & {
  readonly port: number;
  /** Ends the connections of devices that may no longer come in. */
  readonly recheck: () => void;
};

/** Anybody can dial a port: so many IMEIs that nobody knows are kept an hour, the rest only refused. */
const STRANGERS_MAX = 1_000;
const STRANGERS_SECONDS = 3_600;

/**
 * A small server for Teltonika devices over TCP (https://wiki.teltonika-gps.com/view/Codec): codecs 8, 8E
 * and 16 up, codec 12 down, with the guarantees of the broker. The protocol has no secret: an IMEI is
 * believed only of a device that has none, or whose profile says that it is a Teltonika.
 */
export async function openTeltonika(options: TeltonikaOptions): Promise<DeviceServer> {
  const { directory, formats, limits } = options;
  const sockets = new Set<Socket>();
  const present = new Map<string, { readonly admission: Admission; readonly end: () => void }>();
  const route = formats.named('teltonika');
  const noteStranger = openStrangers(options);

  const admissionOf = (imei: string): Admission | undefined => {
    const [fleet, ...others] = directory
      .fleetsOf(imei)
      .filter((name) => directory.admitsByName({ fleet: name, device: imei }, 'teltonika'));
    // Two fleets that both claim it: no telling whose data it would be.
    return fleet === undefined || others.length > 0 ? undefined : { fleet, device: imei, route };
  };
  const admit = async (imei: string, login: Uint8Array): Promise<Admission | undefined> => {
    const known = admissionOf(imei);
    if (known !== undefined) return known;
    await directory.refresh();
    const found = admissionOf(imei);
    if (found !== undefined) return found;
    const fleets = directory.fleetsOf(imei);
    if (fleets.length === 0) noteStranger(imei, login);
    else
      options.log.warn(
        { imei, fleets },
        'refused: it has a secret and no profile “teltonika”, or two fleets claim it',
      );
    return undefined;
  };

  const server = eitherServer(options.tls, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    new Connection({
      ...options,
      socket,
      admit,
      onLogin: (admission, end) => {
        const key = keyOf(admission);
        // A device that dials again has lost its old connection, whether that knows it or not.
        present.get(key)?.end();
        const entry = { admission: { ...admission, route }, end };
        present.set(key, entry);
        socket.once('close', () => {
          if (present.get(key) === entry) present.delete(key);
        });
      },
    });
  });
  server.maxConnections = limits.connections;
  const port = await listen(server, options.listen, 'Teltonika');
  return {
    port,
    recheck: () => {
      for (const { admission, end } of present.values()) {
        if (admissionOf(admission.device)?.fleet !== admission.fleet) end();
      }
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Puts an IMEI on the list to claim from, with what it sent; bounded, see above. */
function openStrangers({ fleet, receive, now, log }: TeltonikaOptions) {
  let seen = new Set<string>();
  let since = Number.NEGATIVE_INFINITY;
  return (imei: string, login: Uint8Array): void => {
    if (now() - since > STRANGERS_SECONDS) {
      since = now();
      seen = new Set();
    }
    const isKept = fleet !== undefined && (seen.has(imei) || seen.size < STRANGERS_MAX);
    log.warn({ imei, isKept }, 'refused a Teltonika device that is not known');
    if (!isKept) return;
    seen.add(imei);
    receive({
      topic: `tcp/teltonika/${imei}`,
      address: { fleet, device: imei, channel: 'telemetry' },
      payload: login,
      received: Math.round(now() * 1000) / 1000,
      mayRegister: false,
      acknowledge: () => {},
    });
  };
}
