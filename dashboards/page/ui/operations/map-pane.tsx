import { effect, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { RescueChoice } from '../../../../schemas/rescue.ts';
import type { ProposalRow } from '../../../api.ts';
import { vertices } from '../../core/geo.ts';
import { type Bounds, boundsOf, latFromY, lngFromX } from '../../core/mercator.ts';
import { routeShape } from '../../core/route-shape.ts';
import { type Standing, standingsWorstFirst, standingWord } from '../../core/standing.ts';
import type { VanStore } from '../../core/van-store.ts';
import { type FleetMap, openFleetMap } from '../../map/fleet-map.ts';
import { fleetKpis, paceByVehicle, proposals, vans, vansChanged, vehicles } from '../../state/fleet.ts';
import { ground, readGround } from '../../state/ground.ts';
import {
  previewedChoice,
  previewedProposal,
  routeDetail,
  selectedVehicle,
  selectVehicle,
  show,
} from '../../state/selection.ts';
import { reducedMotion, theme } from '../../state/theme.ts';
import { Icon, type IconName, StandingIcon } from '../icons.tsx';

export const MapPane = () => {
  const holder = useRef<HTMLDivElement>(null);
  const map = useSignal<FleetMap | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);
  /** Whether a person has moved the map: from then on it moves by itself no more. */
  const isMoved = useRef(false);
  useEffect(() => {
    const ended = new AbortController();
    void open(holder.current!, ended.signal).then(
      (opened) => {
        map.value = opened;
      },
      () => {
        problem.value = 'The map could not be drawn. The board has the same vans as a list.';
      },
    );
    return () => {
      ended.abort();
      map.peek()?.destroy();
      map.value = undefined;
    };
  }, [map, problem]);
  useEffect(
    () => (map.value === undefined ? undefined : follow(map.value, () => isMoved.current)),
    [map.value],
  );
  const claim = () => {
    isMoved.current = true;
  };
  const { onRoad, behind, atRisk } = fleetKpis.value;
  return (
    <section
      class="map part"
      aria-label={`Map: ${onRoad} vans on the road, ${behind} behind, ${atRisk} at risk. The board lists the same vans.`}
      onKeyDown={(event) => {
        claim();
        mapKey(event, map.value);
      }}
      onPointerDown={claim}
      onWheel={claim}
    >
      <div class="map-holder" ref={holder} />
      {map.value === undefined && problem.value === undefined && <p class="map-note">Drawing the map…</p>}
      {problem.value !== undefined && <p class="map-note">{problem.value}</p>}
      {map.value?.isFallback === true && (
        <p class="map-hint">This browser has no WebGL 2; the map is drawn in a simpler way.</p>
      )}
      <div class="map-controls">
        <MapButton icon="plus" word="Zoom in" act={() => map.value?.zoomBy(1)} />
        <MapButton icon="minus" word="Zoom out" act={() => map.value?.zoomBy(-1)} />
        <MapButton
          icon="frame"
          word="Show the whole fleet"
          act={() => map.value !== undefined && fitFleet(map.value, !reducedMotion())}
        />
        <MapButton icon="left" word="Previous van on the map" act={() => map.value?.step(-1)} />
        <MapButton icon="right" word="Next van on the map" act={() => map.value?.step(1)} />
      </div>
      <Legend />
    </section>
  );
};

const MapButton = ({ icon, word, act }: { icon: IconName; word: string; act: () => void }) => (
  <button type="button" class="map-button" aria-label={word} title={word} onClick={act}>
    <Icon name={icon} />
  </button>
);

const Legend = () => (
  <ul class="map-legend" aria-label="Signs on the map">
    {standingsWorstFirst.map((standing: Standing) => (
      <li key={standing}>
        <StandingIcon standing={standing} /> {standingWord[standing]}
      </li>
    ))}
    <li class="muted">faded: silent for 1 min · hatched: 5 min</li>
  </ul>
);

function mapKey(event: KeyboardEvent, map: FleetMap | undefined): void {
  if (event.key === 'Escape') selectVehicle(undefined);
  else if (event.key === '.') map?.step(1);
  else if (event.key === ',') map?.step(-1);
  else return;
  event.preventDefault();
}

async function open(holder: HTMLElement, signal: AbortSignal): Promise<FleetMap> {
  if (ground.peek() === undefined) await readGround(signal);
  const opened = await openFleetMap(holder, {
    theme: theme.peek(),
    data: ground.peek()!,
    store: () => vans,
    nameOf: (vehicleId) =>
      vehicles.peek().get(vehicleId)?.name ?? paceByVehicle.peek().get(vehicleId)?.vehicle ?? `#${vehicleId}`,
    onSelect: selectVehicle,
  });
  if (signal.aborted) opened.destroy();
  return opened;
}

/** Ties the map to the page's state; answers how to untie it. */
function follow(map: FleetMap, isMoved: () => boolean): () => void {
  fitFleet(map, false);
  let fitted = vans.count;
  let shown = '';
  const stops = [
    effect(() => map.setTheme(theme.value)),
    effect(() => map.setSelected(selectedVehicle.value)),
    effect(() => {
      vansChanged.value;
      // Vans that are first heard of widen the view, until a person or a chosen route decides on it.
      if (vans.count > fitted && !isMoved() && shown === '') fitFleet(map, false);
      fitted = vans.count;
      map.redraw();
    }),
    effect(() => {
      const route = routeDetail.value;
      const preview = proposals.value.find((each) => each.proposalId === previewedProposal.value);
      const shape =
        route === undefined
          ? undefined
          : routeShape(
              route,
              show.value,
              previewOf(preview, route.routeId),
              rescueOf(preview, route.routeId),
            );
      map.setRoute(shape);
      const isPreview = (shape?.proposal.features.length ?? 0) > 0;
      const wanted = route === undefined ? '' : `${route.routeId} ${isPreview} ${previewedChoice.value}`;
      if (wanted !== shown && route !== undefined && shape !== undefined) {
        const rescue = rescueOf(preview, route.routeId);
        const bounds = isPreview
          ? boundsOf(rescue === undefined ? vertices(shape.proposal) : groundOf(rescue))
          : boundsOf([...vertices(shape.stops), [route.depot.lng, route.depot.lat]]);
        if (bounds !== undefined) map.fit(bounds, { padding: 60, animate: !reducedMotion() });
      }
      shown = wanted;
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** Where a rescue happens: the way back to the depot would make it small. */
const groundOf = ({ giverPath, parts }: RescueChoice): [number, number][] => [
  giverPath[0]!,
  ...parts.flatMap(({ helperPath, lng, lat }): [number, number][] => [
    ...helperPath.slice(0, -1),
    [lng, lat],
  ]),
];

function previewOf(
  proposal: { readonly routeId: number; readonly stopIds: readonly number[] } | undefined,
  routeId: number,
): readonly number[] | undefined {
  return proposal?.routeId === routeId ? proposal.stopIds : undefined;
}

function rescueOf(proposal: ProposalRow | undefined, routeId: number): RescueChoice | undefined {
  if (proposal?.routeId !== routeId || !proposal.detail) return undefined;
  return proposal.detail.choices[previewedChoice.value] ?? proposal.detail.choices[0];
}

function fitFleet(map: FleetMap, animate: boolean): void {
  const data = ground.peek();
  const depots = data === undefined ? [] : [...vertices(data.depots)];
  const bounds = boundsOf([...vanPlaces(vans), ...depots]) ?? groundBounds();
  if (bounds !== undefined) map.fit(bounds, { padding: 64, animate });
}

function groundBounds(): Bounds | undefined {
  const data = ground.peek();
  return data === undefined ? undefined : boundsOf(vertices(data.basemap));
}

function* vanPlaces(store: VanStore): Generator<[number, number]> {
  for (let slot = 0; slot < store.count; slot += 1) {
    yield [lngFromX(store.toX[slot]!), latFromY(store.toY[slot]!)];
  }
}
