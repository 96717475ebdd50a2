export const DashboardScreen = ({ uid }: { uid: string }) => <main class="screen">{uid}</main>;
