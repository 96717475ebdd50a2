import type { FenceDesk } from '../schemas/fence-desk.ts';
import { featureOf, fencesFromGeoJson } from './store/geojson.ts';
import { kmlOf } from './store/kml.ts';

export const fenceDesk: FenceDesk = {
  read: (geoJson, set) => {
    const { fences, problems } = fencesFromGeoJson(geoJson, { set, nameProperty: 'name', where: {} });
    return { fences, problems };
  },
  feature: featureOf,
  kml: kmlOf,
};
