import { useEffect, useRef } from 'preact/hooks';
import { type FenceDraft, leastPoints, withPoint } from '../../core/fence-draft.ts';
import { vertices } from '../../core/geo.ts';
import { boundsOf } from '../../core/mercator.ts';
import type { FenceMap } from '../../map/fence-map.ts';
import { ground } from '../../state/ground.ts';
import { theme } from '../../state/theme.ts';
import type { Opened } from './fences.tsx';

type Props = { readonly opened: Opened | undefined; readonly onChange: (draft: FenceDraft) => void };

/** The map, and the fence in hand on it. */
export const FencePane = ({ opened, onChange }: Props) => {
  const container = useRef<HTMLDivElement>(null);
  const map = useRef<FenceMap | undefined>(undefined);
  const latest = useRef(onChange);
  latest.current = onChange;
  const draft = opened?.draft;
  const newest = useRef(draft);
  newest.current = draft;
  const data = ground.value;
  const isReady = data !== undefined;
  useEffect(() => {
    if (!isReady || container.current === null) return;
    let isOver = false;
    const place = container.current;
    void import('../../map/fence-map.ts').then(async ({ openFenceMap }) => {
      const known = ground.peek();
      if (isOver || known === undefined) return;
      const onEdit = (next: FenceDraft) => latest.current(next);
      const made = await openFenceMap(place, { theme: theme.peek(), data: known, onEdit });
      if (isOver) return made.destroy();
      map.current = made;
      const bounds = boundsOf([...vertices(known.depots), ...vertices(known.fences)]);
      if (bounds) made.fit(bounds);
      made.setDraft(newest.current);
    });
    return () => {
      isOver = true;
      map.current?.destroy();
      map.current = undefined;
    };
  }, [isReady]);
  useEffect(() => {
    if (data !== undefined) map.current?.setData(data);
  }, [data]);
  useEffect(() => map.current?.setTheme(theme.value), [theme.value]);
  useEffect(() => map.current?.setDraft(draft), [draft]);
  useEffect(() => {
    const bounds = boundsOf(draft?.points ?? []);
    // A little around it, so that a circle's centre alone does not fill the map.
    const around = 0.01;
    if (bounds && opened?.fence) {
      map.current?.fit([bounds[0] - around, bounds[1] - around, bounds[2] + around, bounds[3] + around]);
    }
  }, [opened?.turn]);
  return (
    <section class="fence-map" aria-label="Map of fences">
      <div class="fence-ground" ref={container} />
      <div class="fence-map-buttons">
        <button type="button" class="button" aria-label="Zoom in" onClick={() => map.current?.zoomBy(1)}>
          +
        </button>
        <button type="button" class="button" aria-label="Zoom out" onClick={() => map.current?.zoomBy(-1)}>
          −
        </button>
        {draft !== undefined && draft.kept === undefined && (
          <button
            type="button"
            class="button"
            onClick={() => map.current && onChange(withPoint(draft, map.current.centre()))}
          >
            {draft.shape === 'circle' ? 'Centre here' : 'Add corner at the middle'}
          </button>
        )}
      </div>
      {draft !== undefined && <p class="fence-hint">{hintOf(draft)}</p>}
    </section>
  );
};

function hintOf({ kept, shape, points }: FenceDraft): string {
  if (kept !== undefined) {
    return 'It has several parts, holes or very many corners: its policy can be edited here, its outline by import.';
  }
  const missing = leastPoints[shape] - points.length;
  if (missing > 0) {
    const what =
      shape === 'circle' ? 'its centre' : `${missing} more ${missing === 1 ? 'corner' : 'corners'}`;
    return `Click the map for ${what}.`;
  }
  return shape === 'circle'
    ? 'Drag the centre, or click where it should be.'
    : 'Drag corners; small dots make new ones; Delete removes the focused one.';
}
