import { expect, test } from 'vitest';
import {
  draftOf,
  emptyDraft,
  featureOfDraft,
  withMiddle,
  withoutPoint,
  withPoint,
  withPointMoved,
} from './fence-draft.ts';

test('A drawn polygon becomes a closed ring, and reads back to the same corners', () => {
  let draft = { ...emptyDraft('polygon', 'yards'), name: 'north' };
  for (const point of [
    [0, 0],
    [2, 0],
    [2, 2],
  ] as [number, number][])
    draft = withPoint(draft, point);
  const feature = featureOfDraft(draft);
  expect(feature.geometry).toEqual({
    type: 'Polygon',
    coordinates: [
      [
        [0, 0],
        [2, 0],
        [2, 2],
        [0, 0],
      ],
    ],
  });
  expect(draftOf(feature)).toEqual(draft);
});

test('Corners are moved, put between and taken out', () => {
  const square = [
    [0, 0],
    [2, 0],
    [2, 2],
    [0, 2],
  ] as [number, number][];
  const draft = { ...emptyDraft('polygon', 's'), points: square };
  expect(withMiddle(draft, 3).points.at(-1)).toEqual([0, 1]);
  expect(withPointMoved(draft, 1, [3, 0]).points[1]).toEqual([3, 0]);
  expect(withoutPoint(draft, 0).points).toEqual(square.slice(1));
});

test('A circle has one centre, wherever was clicked last', () => {
  const draft = withPoint(withPoint(emptyDraft('circle', 's'), [1, 1]), [2, 2]);
  expect(featureOfDraft(draft)).toMatchObject({
    properties: { radius: 150 },
    geometry: { type: 'Point', coordinates: [2, 2] },
  });
});

test('What has holes keeps its geometry, while its policy is edited', () => {
  const geometry = {
    type: 'MultiPolygon',
    coordinates: [
      [
        [
          [0, 0],
          [9, 0],
          [9, 9],
          [0, 0],
        ],
        [
          [5, 1],
          [6, 1],
          [6, 2],
          [5, 1],
        ],
      ],
    ],
  };
  const draft = draftOf({ properties: { set: 's', name: 'n', policy: { dwell: 60 } }, geometry });
  const changed = withPoint({ ...draft, policy: { ...draft.policy, dwell: 90 } }, [3, 3]);
  expect(featureOfDraft(changed)).toMatchObject({ geometry, properties: { policy: { dwell: 90 } } });
});
