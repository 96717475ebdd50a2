export const Performance = () => <main class="screen">Performance</main>;
