import type { Command, RouteMessage } from '../../schemas/down.ts';

/** A device as topics name it. */
export type Addressee = { readonly fleet: string; readonly device: string };

/** What became of handing a command to a device: it is under way, or its language has no such thing. */
export type Handed = { readonly kind: 'sent' } | { readonly kind: 'refused'; readonly reason: string };

/** For whom an outlet is: undefined means all of them. */
type Reach = { readonly fleet: string | undefined; readonly device: string | undefined };

/** A way to devices that is open now: a subscription on our broker, a socket, a broker of somebody else's. */
export type Outlet = Reach &
  (
    | {
        readonly channel: 'route';
        /** Hands over the newest route of a device; undefined: it has none. */
        readonly send: (to: Addressee, route: RouteMessage | undefined) => Promise<void>;
      }
    | {
        readonly channel: 'command';
        readonly send: (to: Addressee, command: Command) => Promise<Handed>;
      }
  );

export type RouteOutlet = Extract<Outlet, { readonly channel: 'route' }>;
export type CommandOutlet = Extract<Outlet, { readonly channel: 'command' }>;

export const keyOf = ({ fleet, device }: Addressee): string => `${fleet}/${device}`;

export function addresseeOf(key: string): Addressee {
  const [fleet = '', device = ''] = key.split('/');
  return { fleet, device };
}

/** The outlets that are open now, found by the device they lead to. */
export class Outlets {
  readonly #byReach = new Map<string, Set<Outlet>>();

  open(outlet: Outlet): () => void {
    const reach = reachOf(outlet.channel, outlet.fleet, outlet.device);
    const others = this.#byReach.get(reach);
    if (others === undefined) this.#byReach.set(reach, new Set([outlet]));
    else others.add(outlet);
    return () => {
      const left = this.#byReach.get(reach);
      left?.delete(outlet);
      if (left?.size === 0) this.#byReach.delete(reach);
    };
  }

  routesTo({ fleet, device }: Addressee): RouteOutlet[] {
    return this.#to('route', fleet, device) as RouteOutlet[];
  }

  commandsTo({ fleet, device }: Addressee): CommandOutlet[] {
    return this.#to('command', fleet, device) as CommandOutlet[];
  }

  /** Names of the fleets of which any device is reached; undefined: of all. */
  fleets(channel: Outlet['channel']): readonly string[] | undefined {
    const fleets = new Set<string>();
    for (const [outlet] of this.#byReach.values()) {
      if (outlet?.channel !== channel) continue;
      if (outlet.fleet === undefined) return undefined;
      fleets.add(outlet.fleet);
    }
    return [...fleets];
  }

  #to(channel: Outlet['channel'], fleet: string, device: string): Outlet[] {
    return [
      ...(this.#byReach.get(reachOf(channel, fleet, device)) ?? []),
      ...(this.#byReach.get(reachOf(channel, fleet, undefined)) ?? []),
      ...(this.#byReach.get(reachOf(channel, undefined, undefined)) ?? []),
    ];
  }
}

const reachOf = (channel: string, fleet = '+', device = '+'): string => `${channel} ${fleet}/${device}`;
