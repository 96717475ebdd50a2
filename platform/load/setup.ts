import type { Scenario } from '../../simulator/scenario/scenario.ts';

/** What the scripts are given, as JSON in `PACELINE_LOAD`: the platform, who asks, and how much. */
export type LoadSetup = {
  /** Where k6 writes its summary to. */
  readonly summaryFile: string;
  /** The page, with the slash at its end. */
  readonly dashboardUrl: string;
  readonly user: { readonly email: string; readonly password: string };
  readonly mqttUrl: string;
  readonly gateway: { readonly username: string; readonly password: string };
  /** Of the scenario that the simulator drives too: which, whose vans, how many, how often, where. */
  readonly scenario: string;
  readonly fleet: string;
  readonly vans: number;
  readonly intervalSeconds: number;
  readonly origin: { readonly lng: number; readonly lat: number };
  /** Virtual users: people, pages, or gateways. */
  readonly users: number;
  readonly seconds: number;
  /** Requests, or messages, in a second; 0: as many as are answered. */
  readonly rate: number;
  /** Whether proposals are accepted and dismissed: that changes routes. */
  readonly decides: boolean;
};

/** What a run is about, of `npm run load -- <kind>`. */
export const loadKinds = ['http', 'live', 'mqtt'] as const;
export type LoadKind = (typeof loadKinds)[number];

/** Roads of a file have no origin of their own; vans of the load then circle where nobody lives. */
const NOWHERE = { lng: -97.5, lat: 41.2 };

/** What a scenario says of the load that its vans are. */
export function loadOfScenario({
  name,
  vans,
  intervalSeconds,
  city,
}: Pick<Scenario, 'name' | 'vans' | 'intervalSeconds' | 'city'>): Pick<
  LoadSetup,
  'scenario' | 'vans' | 'intervalSeconds' | 'origin'
> {
  return { scenario: name, vans, intervalSeconds, origin: city.kind === 'generated' ? city.origin : NOWHERE };
}
