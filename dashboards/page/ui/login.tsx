import { useSignal } from '@preact/signals';
import { logIn, sessionProblem } from '../state/session.ts';

export const Login = () => {
  const busy = useSignal(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    busy.value = true;
    await logIn(String(fields.get('email')), String(fields.get('password')));
    busy.value = false;
  };
  return (
    <main class="login">
      <form class="login-card" onSubmit={submit}>
        <img src="/icon.svg" alt="" width="44" height="44" />
        <h1>Paceline</h1>
        <p class="muted">Where every van is, and whether it will make its day.</p>
        <label>
          E-mail
          <input name="email" type="text" inputMode="email" autocomplete="username" required autofocus />
        </label>
        <label>
          Password
          <input name="password" type="password" autocomplete="current-password" required />
        </label>
        <p class="problem" role="alert">
          {sessionProblem.value}
        </p>
        <button class="button primary" type="submit" disabled={busy.value}>
          {busy.value ? 'Logging in…' : 'Log in'}
        </button>
      </form>
    </main>
  );
};
