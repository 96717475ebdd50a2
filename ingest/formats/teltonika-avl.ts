/**
 * What the AVL ids mean that matter for vans, for Teltonika's FMB, FMC and FMM of the 0xx, 1xx, 2xx
 * and 9xx series (https://wiki.teltonika-gps.com, “Data Sending Parameters ID”). The professional
 * series (FMx640, FMx650) uses some of these numbers for other things; such a device needs a
 * mapping file. A line is: id, bytes, u or s (signed), scale, unit (- for none), name.
 *
 * More lines come from Teltonika's own list by `avlLinesOf`; a test compares every line here with
 * it where that list is at hand.
 */
export const avlLines = `
1 1 u 1 - digital_input_1
2 1 u 1 - digital_input_2
3 1 u 1 - digital_input_3
9 2 u 0.001 V analog_input_1
12 4 u 0.001 l fuel_used_gps
13 2 u 0.01 l/100km fuel_rate_gps
15 2 u 0.01 - eco_score
16 4 u 1 m total_odometer
17 2 s 1 mG axis_x
18 2 s 1 mG axis_y
19 2 s 1 mG axis_z
21 1 u 1 - gsm_signal
24 2 u 1 km/h speed
25 2 s 0.01 °C ble_temperature_1
26 2 s 0.01 °C ble_temperature_2
27 2 s 0.01 °C ble_temperature_3
28 2 s 0.01 °C ble_temperature_4
30 1 u 1 - number_of_dtc
31 1 u 1 % engine_load
32 1 s 1 °C coolant_temperature
36 2 u 1 rpm engine_rpm
37 1 u 1 km/h vehicle_speed
42 2 u 1 s runtime_since_engine_start
43 2 u 1 km distance_traveled_mil_on
48 1 u 1 % fuel_level
53 1 s 1 °C ambient_air_temperature
66 2 u 0.001 V external_voltage
67 2 u 0.001 V battery_voltage
68 2 u 0.001 A battery_current
69 1 u 1 - gnss_status
72 4 s 0.1 °C dallas_temperature_1
73 4 s 0.1 °C dallas_temperature_2
74 4 s 0.1 °C dallas_temperature_3
75 4 s 0.1 °C dallas_temperature_4
78 8 u 1 - ibutton
80 1 u 1 - data_mode
81 1 u 1 km/h vehicle_speed_can
83 4 u 0.1 l fuel_consumed
84 2 u 0.1 l fuel_level_can
85 2 u 1 rpm engine_rpm_can
87 4 u 1 m total_mileage
89 1 u 1 % fuel_level_percent_can
90 2 u 1 - door_status
105 4 u 1 m total_mileage_counted
110 2 u 0.1 l/h fuel_rate
113 1 u 1 % battery_level
115 2 s 0.1 °C engine_temperature
155 1 u 1 - geofence_zone_01
156 1 u 1 - geofence_zone_02
157 1 u 1 - geofence_zone_03
158 1 u 1 - geofence_zone_04
159 1 u 1 - geofence_zone_05
175 1 u 1 - auto_geofence
179 1 u 1 - digital_output_1
180 1 u 1 - digital_output_2
181 2 u 0.1 - gnss_pdop
182 2 u 0.1 - gnss_hdop
199 4 u 1 m trip_odometer
200 1 u 1 - sleep_mode
205 2 u 1 - gsm_cell_id
206 2 u 1 - gsm_area_code
236 1 u 1 - alarm
238 8 u 1 - user_id
239 1 u 1 - ignition
240 1 u 1 - movement
241 4 u 1 - active_gsm_operator
243 2 u 1 ms green_driving_event_duration
246 1 u 1 - towing
247 1 u 1 - crash_detection
249 1 u 1 - jamming
250 1 u 1 - trip
251 1 u 1 - idling
252 1 u 1 - unplug
253 1 u 1 - green_driving_type
254 1 u 0.01 G|rad green_driving_value
255 1 u 1 km/h over_speeding
303 1 u 1 - instant_movement
318 1 u 1 - gnss_jamming
389 4 u 1 km obd_oem_total_mileage
390 4 u 0.1 l obd_oem_fuel_level
391 1 u 1 - private_mode
449 4 u 1 s ignition_on_counter
636 4 u 1 - umts_lte_cell_id
654 1 u 1 - ssf_front_left_door_open
661 1 u 1 - ssf_reverse_gear_active
662 1 u 1 - ssf_car_is_closed
10800 2 s 0.01 °C eye_temperature_1
10801 2 s 0.01 °C eye_temperature_2
10802 2 s 0.01 °C eye_temperature_3
10803 2 s 0.01 °C eye_temperature_4
`;

export type AvlElement = {
  readonly id: number;
  readonly bytes: number;
  readonly isSigned: boolean;
  readonly scale: number;
  /** Of the scaled value; undefined for a state or a count. */
  readonly unit: string | undefined;
  readonly name: string;
};

/** Lines of the table, by id. */
export function avlTableOf(lines: string): ReadonlyMap<number, AvlElement> {
  const table = new Map<number, AvlElement>();
  for (const line of lines.split('\n')) {
    const [id, bytes, sign, scale, unit, name] = line.trim().split(' ');
    if (id === undefined || name === undefined) continue;
    table.set(Number(id), {
      id: Number(id),
      bytes: Number(bytes),
      isSigned: sign === 's',
      scale: Number(scale),
      unit: unit === '-' ? undefined : unit,
      name,
    });
  }
  return table;
}

export const avlTable = avlTableOf(avlLines);

/**
 * The value of an AVL element in its unit. Some firmware sends signed values as unsigned: an axis of
 * 64577 mG is −959 mG.
 */
export function avlValue(element: AvlElement, raw: number): number {
  const range = 2 ** (8 * element.bytes);
  const signed = element.isSigned && raw >= range / 2 && raw < range ? raw - range : raw;
  return signed * element.scale;
}

/**
 * The generator: rows of Teltonika's list of AVL ids (Id, Name, NumBytes, Type, Min, Max,
 * Multiplier, Units, …, in this order) as lines of the table above. An id that stands in the list
 * more than once gives one line each; the first is that of the van trackers.
 */
export function avlLinesOf(rows: readonly (readonly string[])[]): string[] {
  return rows.flatMap(([id = '', name = '', bytes = '', type = '', , , multiplier = '', unit = '']) => {
    const isNumber = type === 'Unsigned' || type === 'Signed';
    if (!isNumber || !/^\d+$/.test(id) || !(Number(bytes) > 0)) return [];
    const word = name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '_')
      .replace(/^_|_$/g, '');
    return [
      `${id} ${bytes} ${type === 'Signed' ? 's' : 'u'} ${Number(multiplier) || 1} ${unit.replaceAll(' ', '') || '-'} ${word}`,
    ];
  });
}
