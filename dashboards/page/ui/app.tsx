import { place } from '../state/place.ts';
import { me } from '../state/session.ts';
import { About } from './about.tsx';
import { DashboardList } from './dashboards/dashboard-list.tsx';
import { DashboardScreen } from './dashboards/dashboard-screen.tsx';
import { Devices } from './devices/devices.tsx';
import { DoctorScreen } from './doctor.tsx';
import { Fences } from './fences/fences.tsx';
import { Login } from './login.tsx';
import { Operations } from './operations/operations.tsx';
import { Performance } from './performance.tsx';
import { Shell } from './shell.tsx';

export const App = () => {
  if (me.value === undefined) return <p class="waiting">Connecting to Paceline…</p>;
  if (me.value === null) return <Login />;
  return (
    <Shell>
      <Screen />
    </Shell>
  );
};

const Screen = () => {
  const { path } = place.value;
  if (path === '/') return <Operations />;
  if (path === '/dashboards') return <DashboardList />;
  if (path === '/performance') return <Performance />;
  if (path === '/devices') return <Devices />;
  if (path === '/fences') return <Fences />;
  if (path === '/doctor') return <DoctorScreen />;
  if (path === '/about') return <About />;
  const uid = /^\/d\/([\w-]+)/.exec(path)?.[1];
  if (uid !== undefined) return <DashboardScreen key={uid} uid={uid} />;
  return (
    <main class="screen">
      <div class="empty">
        <h1>There is no such page</h1>
        <p>
          Nothing is kept at “{path}”. <a href="/">Go to operations</a>
        </p>
      </div>
    </main>
  );
};
