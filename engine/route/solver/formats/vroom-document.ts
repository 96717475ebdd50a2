import Type, { type Static } from 'typebox';

// VROOM's documents (https://github.com/VROOM-Project/vroom, docs/API.md), with our additions under
// `paceline`, where a program that does not know them looks past them.

const Whole = Type.Integer({ minimum: 0 });
const Amount = Type.Array(Whole);
const Skills = Type.Array(Type.Integer());
const WindowPair = Type.Tuple([Whole, Whole]);
const Windows = Type.Array(WindowPair);
const Coordinates = Type.Tuple([
  Type.Number({ minimum: -180, maximum: 180 }),
  Type.Number({ minimum: -90, maximum: 90 }),
]);
const Id = Type.Integer();

const located = { location: Type.Optional(Coordinates), location_index: Type.Optional(Whole) };

/** Starting later than `after` costs `per_hour`, besides the hard windows. */
const Soft = Type.Array(Type.Object({ after: Whole, per_hour: Type.Number({ minimum: 0 }) }));

const TaskAddition = Type.Object({
  lateness: Type.Optional(Soft),
  /** Cost of leaving it out, instead of what `priority` says. */
  unserved_cost: Type.Optional(Type.Number({ minimum: 0 })),
  /** The vehicles that may serve it, by id. */
  vehicles: Type.Optional(Type.Array(Id)),
  /** Who has it now, and what it costs to move it. */
  home: Type.Optional(Type.Object({ vehicle: Id, move_cost: Type.Number({ minimum: 0 }) })),
});

const Job = Type.Object({
  id: Id,
  description: Type.Optional(Type.String()),
  ...located,
  setup: Type.Optional(Whole),
  service: Type.Optional(Whole),
  delivery: Type.Optional(Amount),
  pickup: Type.Optional(Amount),
  amount: Type.Optional(Amount),
  skills: Type.Optional(Skills),
  priority: Type.Optional(Type.Integer({ minimum: 0, maximum: 100 })),
  time_windows: Type.Optional(Windows),
  paceline: Type.Optional(TaskAddition),
});
export type Job = Static<typeof Job>;

const ShipmentStep = Type.Object({
  id: Id,
  description: Type.Optional(Type.String()),
  ...located,
  setup: Type.Optional(Whole),
  service: Type.Optional(Whole),
  time_windows: Type.Optional(Windows),
  paceline: Type.Optional(Type.Object({ lateness: Type.Optional(Soft) })),
});
export type ShipmentStep = Static<typeof ShipmentStep>;

const Shipment = Type.Object({
  pickup: ShipmentStep,
  delivery: ShipmentStep,
  amount: Type.Optional(Amount),
  skills: Type.Optional(Skills),
  priority: Type.Optional(Type.Integer({ minimum: 0, maximum: 100 })),
  paceline: Type.Optional(TaskAddition),
});
export type Shipment = Static<typeof Shipment>;

const Vehicle = Type.Object({
  id: Id,
  profile: Type.Optional(Type.String()),
  description: Type.Optional(Type.String()),
  start: Type.Optional(Coordinates),
  start_index: Type.Optional(Whole),
  end: Type.Optional(Coordinates),
  end_index: Type.Optional(Whole),
  capacity: Type.Optional(Amount),
  costs: Type.Optional(
    Type.Object({
      fixed: Type.Optional(Type.Number({ minimum: 0 })),
      per_hour: Type.Optional(Type.Number({ minimum: 0 })),
      per_km: Type.Optional(Type.Number({ minimum: 0 })),
      per_task_hour: Type.Optional(Type.Number({ minimum: 0 })),
    }),
  ),
  skills: Type.Optional(Skills),
  time_window: Type.Optional(WindowPair),
  breaks: Type.Optional(
    Type.Array(
      Type.Object({
        id: Id,
        time_windows: Windows,
        service: Type.Optional(Whole),
        max_load: Type.Optional(Amount),
      }),
    ),
  ),
  speed_factor: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 5 })),
  max_tasks: Type.Optional(Whole),
  max_travel_time: Type.Optional(Whole),
  max_distance: Type.Optional(Whole),
  steps: Type.Optional(
    Type.Array(
      Type.Object({
        type: Type.Union(['start', 'job', 'pickup', 'delivery', 'break', 'end'].map((v) => Type.Literal(v))),
        id: Type.Optional(Id),
      }),
    ),
  ),
  paceline: Type.Optional(
    Type.Object({
      /** From departure to return. */
      max_duration: Type.Optional(Whole),
      per_duration_hour: Type.Optional(Type.Number({ minimum: 0 })),
      overtime: Type.Optional(Type.Object({ after: Whole, per_hour: Type.Number({ minimum: 0 }) })),
    }),
  ),
});
export type Vehicle = Static<typeof Vehicle>;

const Matrix = Type.Array(Type.Array(Whole));

export const VroomDocument = Type.Object({
  jobs: Type.Optional(Type.Array(Job)),
  shipments: Type.Optional(Type.Array(Shipment)),
  vehicles: Type.Array(Vehicle),
  matrices: Type.Optional(
    Type.Record(
      Type.String(),
      Type.Object({
        durations: Matrix,
        distances: Type.Optional(Matrix),
        costs: Type.Optional(Matrix),
      }),
    ),
  ),
});
export type VroomDocument = Static<typeof VroomDocument>;
