import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { calibration, deviation, measured } from './calibration.ts';

test('calibration() finds every simulated quantile within a tenth of the measured one', () => {
  const wrong = calibration()
    .filter((comparison) => deviation(comparison) > 0.1)
    .map(({ name, quantiles }) => `${name}: ${JSON.stringify(quantiles)}`);
  expect(wrong).toEqual([]);
});

const file = `${process.env.PACELINE_TEST_DATA ?? ''}/gps/calibration.json`;

test.skipIf(!existsSync(file))('the embedded table is what calibration.json says', () => {
  const data = JSON.parse(readFileSync(file, 'utf8'));
  const latency = data.uplink_latency_s;
  const named = (start: string) =>
    latency[Object.keys(latency).find((key) => key.startsWith(`${start} (`)) ?? start];
  const sources: Record<keyof typeof measured, Record<string, number>> = {
    dwell: data.delivery_stop.dwell_s_kaplan_meier,
    legTime: data.delivery_leg.leg_s_kaplan_meier,
    legLength: data.delivery_leg.leg_m_complete_only,
    hop: data.amazon_route.hop_straight_m,
    drivingSpeed: data.delivery_leg.driving_fix_kmh,
    service: data.amazon_route.planned_service_s_per_stop,
    interval: data.report_interval_nominal_5s.dt_s,
    gaps: data.report_interval_nominal_5s.gap_length_given_gt12s,
    gpsError: data.gps_error_m['cross_track_vs_matched_road (Kubicka 98 tracks, n=220881)'],
    goodPhone: named('phone_streaming_good'),
    streamingPhone: named('phone_streaming'),
    urbanTracker: named('truck_tracker_urban'),
    poorCoverage: named('truck_tracker_rural_store_forward'),
    batchingDongle: named('batching_dongle'),
  };
  for (const [name, { quantiles }] of Object.entries(measured)) {
    const source = sources[name as keyof typeof measured];
    for (const [share, value] of quantiles)
      expect(source[String(share * 100)], `${name} ${share}`).toBe(value);
  }
});
