import type { DashboardListing } from '../../../api.ts';
import { useLoaded } from '../load.ts';

export const DashboardList = () => {
  const { value, problem, isLoading } = useLoaded<DashboardListing[]>('/api/dashboards');
  const found = value.value ?? [];
  return (
    <main class="screen">
      <header class="screen-title">
        <h1>Dashboards</h1>
        <p class="muted">Grafana files of this installation; the same ones are provisioned to Grafana.</p>
      </header>
      {problem.value !== undefined && (
        <p class="banner" role="alert">
          {problem.value}
        </p>
      )}
      {!isLoading.value && problem.value === undefined && found.length === 0 && (
        <p class="empty">There are no dashboards here.</p>
      )}
      <ul class="listing">
        {found.map(({ uid, title, description }) => (
          <li key={uid}>
            <a href={`/d/${uid}`}>
              <strong>{title}</strong>
              <span class="muted">{description}</span>
            </a>
          </li>
        ))}
      </ul>
    </main>
  );
};
