export const DashboardList = () => <main class="screen" />;
