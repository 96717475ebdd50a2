import Type from 'typebox';
import {
  Assigning,
  BrokerFiles,
  CsvImport,
  GatewayRow,
  ImportProblem,
  Issued,
  NewDevice,
  NewGateway,
  Profiling,
  Rotation,
} from '../../api-devices.ts';
import {
  assignVehicle,
  brokerCredentials,
  gateways,
  knownDevices,
  makeDevices,
  makeGateway,
  revokeSecret,
  rotateSecret,
  setProfile,
} from '../../queries/provisioning.ts';
import { brokerFiles } from '../broker-files.ts';
import type { App, AppDeps } from '../deps.ts';
import { readDeviceCsv } from '../device-csv.ts';
import { Problematic } from '../problems.ts';
import { whoAsks } from '../session.ts';
import { Id } from './inputs.ts';

const DeviceParams = Type.Object({ deviceId: Id });
const GatewayParams = Type.Object({ gatewayId: Id });
const Done = Type.Object({ done: Type.Literal(true) });
const done = { done: true } as const;
const CSV_BYTES = 4 * 1024 * 1024;

/** Devices made, claimed, given secrets and vehicles; each of it stands in the audit log. */
export function provisioningRoutes(app: App, deps: AppDeps): void {
  makingRoutes(app, deps);
  changingRoutes(app, deps);
  gatewayRoutes(app, deps);
}

const formatNames = ({ doctor }: AppDeps): readonly string[] => doctor?.formats.map(({ name }) => name) ?? [];

function checkProfile(profile: string | null | undefined, deps: AppDeps): void {
  const names = formatNames(deps);
  if (profile == null || names.includes(profile)) return;
  throw new Problematic(
    400,
    'request/invalid',
    `No format is called “${profile}”; known are ${names.join(', ')}.`,
  );
}

function makingRoutes(app: App, deps: AppDeps): void {
  const { database } = deps;
  for (const action of ['add', 'claim'] as const) {
    app.post(
      action === 'add' ? '/api/devices' : '/api/devices/claim',
      {
        config: { role: 'dispatcher' },
        schema: {
          summary:
            action === 'add'
              ? 'Make a device, with a vehicle of the same name unless another is named; the secret is shown once'
              : 'Take a device from the list of the unknown; what it sends from then on is data',
          body: NewDevice,
          response: { 200: Issued },
        },
      },
      async (request) => {
        const me = whoAsks(request);
        checkProfile(request.body.profile, deps);
        const made = await database.withFleet(
          me.fleet.id,
          (query) => makeDevices(query, me, [request.body], `device.${action}`),
          { write: true },
        );
        return made[0]!;
      },
    );
  }

  app.post(
    '/api/devices/import',
    {
      config: { role: 'dispatcher' },
      bodyLimit: CSV_BYTES,
      schema: {
        summary:
          'Make the devices of a CSV file (device, vehicle, profile, secret): all of them, or none and why not by line',
        body: CsvImport,
        response: { 200: Type.Array(Issued), 422: ImportProblem },
      },
    },
    (request, reply) => {
      const me = whoAsks(request);
      const { devices, problems } = readDeviceCsv(request.body.csv, formatNames(deps));
      return database.withFleet(
        me.fleet.id,
        async (query) => {
          const known = await knownDevices(
            query,
            devices.map(({ device }) => device),
          );
          const taken = devices
            .filter(({ device }) => known.has(device))
            .map(({ line, device }) => ({ line, message: `the fleet has a device ${device} already` }));
          const lines = [...problems, ...taken].sort((a, b) => a.line - b.line).slice(0, 200);
          if (lines.length === 0) return makeDevices(query, me, devices, 'device.import');
          const message = `Nothing was imported: ${lines.length} ${lines.length === 1 ? 'line has a mistake' : 'lines have mistakes'}.`;
          return reply.code(422).send({ statusCode: 422, code: 'import/invalid', message, lines });
        },
        { write: true, timeout: 60_000 },
      );
    },
  );
}

function changingRoutes(app: App, deps: AppDeps): void {
  const { database, now } = deps;
  const write = { write: true };
  app.post(
    '/api/devices/:deviceId/rotate',
    {
      config: { role: 'dispatcher' },
      schema: {
        summary: 'A new secret, shown once; the former one opens for the overlap',
        params: DeviceParams,
        body: Rotation,
        response: { 200: Issued },
      },
    },
    (request) => {
      const me = whoAsks(request);
      const { overlap = 86_400 } = request.body;
      const which = { kind: 'device', id: request.params.deviceId, overlap, now: now() } as const;
      return database.withFleet(me.fleet.id, (query) => rotateSecret(query, me, which), write);
    },
  );

  app.post(
    '/api/devices/:deviceId/revoke',
    {
      config: { role: 'dispatcher' },
      schema: {
        summary: 'Take its credential back, at once',
        params: DeviceParams,
        response: { 200: Done },
      },
    },
    async (request) => {
      const me = whoAsks(request);
      const { deviceId } = request.params;
      await database.withFleet(me.fleet.id, (query) => revokeSecret(query, me, 'device', deviceId), write);
      return done;
    },
  );

  app.post(
    '/api/devices/:deviceId/assign',
    {
      config: { role: 'dispatcher' },
      schema: {
        summary: 'The vehicle it speaks for, from an instant on; what is stored stays where it is',
        params: DeviceParams,
        body: Assigning,
        response: { 200: Done },
      },
    },
    async (request) => {
      const me = whoAsks(request);
      const { vehicle, from = now() } = request.body;
      if (from > now() + 1) {
        throw new Problematic(
          400,
          'request/invalid',
          '“from” lies in the future; assign the vehicle when it is time.',
        );
      }
      const assignment = { deviceId: request.params.deviceId, vehicle, from };
      await database.withFleet(me.fleet.id, (query) => assignVehicle(query, me, assignment), write);
      return done;
    },
  );

  app.post(
    '/api/devices/:deviceId/profile',
    {
      config: { role: 'dispatcher' },
      schema: {
        summary: 'The format of what it publishes on its own telemetry topic; null: our own',
        params: DeviceParams,
        body: Profiling,
        response: { 200: Done },
      },
    },
    async (request) => {
      const me = whoAsks(request);
      const { profile } = request.body;
      checkProfile(profile, deps);
      await database.withFleet(
        me.fleet.id,
        (query) => setProfile(query, me, request.params.deviceId, profile),
        write,
      );
      return done;
    },
  );
}

function gatewayRoutes(app: App, { database, now }: AppDeps): void {
  const write = { write: true };
  app.get(
    '/api/gateways',
    {
      config: { role: 'admin' },
      schema: { summary: 'Who publishes for many devices', response: { 200: Type.Array(GatewayRow) } },
    },
    (request) => {
      const { fleet } = whoAsks(request);
      return database.withFleet(fleet.id, (query) => gateways(query, { fleet }));
    },
  );

  app.post(
    '/api/gateways',
    {
      config: { role: 'admin' },
      schema: {
        summary: 'Make a gateway; the secret is shown once',
        body: NewGateway,
        response: { 200: Issued },
      },
    },
    (request) => {
      const me = whoAsks(request);
      const { name, mayRegister = false } = request.body;
      return database.withFleet(me.fleet.id, (query) => makeGateway(query, me, { name, mayRegister }), write);
    },
  );

  app.post(
    '/api/gateways/:gatewayId/rotate',
    {
      config: { role: 'admin' },
      schema: {
        summary: 'A new secret, shown once; the former one opens for the overlap',
        params: GatewayParams,
        body: Rotation,
        response: { 200: Issued },
      },
    },
    (request) => {
      const me = whoAsks(request);
      const { overlap = 86_400 } = request.body;
      const which = { kind: 'gateway', id: request.params.gatewayId, overlap, now: now() } as const;
      return database.withFleet(me.fleet.id, (query) => rotateSecret(query, me, which), write);
    },
  );

  app.post(
    '/api/gateways/:gatewayId/revoke',
    {
      config: { role: 'admin' },
      schema: {
        summary: 'Take its credential back, at once',
        params: GatewayParams,
        response: { 200: Done },
      },
    },
    async (request) => {
      const me = whoAsks(request);
      const { gatewayId } = request.params;
      await database.withFleet(me.fleet.id, (query) => revokeSecret(query, me, 'gateway', gatewayId), write);
      return done;
    },
  );

  app.get(
    '/api/devices/export',
    {
      config: { role: 'admin' },
      schema: {
        summary: 'Password file and access list of an outside broker',
        querystring: Type.Object({ for: Type.Union([Type.Literal('mosquitto'), Type.Literal('emqx')]) }),
        response: { 200: BrokerFiles },
      },
    },
    (request) => {
      const { fleet } = whoAsks(request);
      return database.withFleet(fleet.id, async (query) =>
        brokerFiles(request.query.for, fleet.name, await brokerCredentials(query)),
      );
    },
  );
}
