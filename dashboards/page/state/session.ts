import { computed, signal } from '@preact/signals';
import type { Me } from '../../api.ts';
import { Refusal, request, sentence, whenLoggedOut } from './request.ts';

/** undefined until the server has said who this is; null when nobody. */
export const me = signal<Me | null | undefined>(undefined);
export const sessionProblem = signal<string | undefined>(undefined);

export const timeZone = computed(() => me.value?.fleet.timeZone ?? 'UTC');
export const mayDispatch = computed(() => me.value?.role === 'dispatcher' || me.value?.role === 'admin');

export const mayAdminister = computed(() => me.value?.role === 'admin');

whenLoggedOut(() => {
  if (me.peek() !== null) {
    if (me.peek() !== undefined) sessionProblem.value = 'Your session has ended. Please log in again.';
    me.value = null;
  }
});

export async function whoAmI(): Promise<void> {
  try {
    me.value = await request<Me>('GET', '/api/me');
  } catch (error) {
    if (!(error instanceof Refusal && error.status === 401)) sessionProblem.value = sentence(error);
    me.value = null;
  }
}

export async function logIn(email: string, password: string): Promise<void> {
  sessionProblem.value = undefined;
  try {
    me.value = await request<Me>('POST', '/api/login', { body: { email, password } });
  } catch (error) {
    sessionProblem.value = sentence(error);
  }
}

export async function logOut(): Promise<void> {
  try {
    await request('POST', '/api/logout');
  } catch {
    // Whatever the server says, this page forgets the session.
  }
  sessionProblem.value = undefined;
  me.value = null;
}
