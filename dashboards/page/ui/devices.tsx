export const Devices = () => <main class="screen">Devices</main>;
