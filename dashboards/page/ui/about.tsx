export const About = () => <main class="screen">About</main>;
