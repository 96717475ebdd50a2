import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { request, sentence } from '../state/request.ts';

export type Loaded<Value> = {
  /** The newest answer; stays while the next is awaited. */
  readonly value: Signal<Value | undefined>;
  readonly problem: Signal<string | undefined>;
  readonly isLoading: Signal<boolean>;
};

/** Asks for `path` now and whenever it changes, and again every `everySeconds` while the tab is seen. */
export function useLoaded<Value>(path: string, everySeconds?: number): Loaded<Value> {
  const value = useSignal<Value | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);
  const isLoading = useSignal(true);
  useEffect(() => {
    const ended = new AbortController();
    const read = async () => {
      isLoading.value = true;
      try {
        value.value = await request<Value>('GET', path, { signal: ended.signal });
        problem.value = undefined;
      } catch (error) {
        if (ended.signal.aborted) return;
        problem.value = sentence(error);
      }
      isLoading.value = false;
    };
    void read();
    const timer =
      everySeconds === undefined
        ? undefined
        : window.setInterval(() => !document.hidden && void read(), everySeconds * 1000);
    return () => {
      ended.abort();
      window.clearInterval(timer);
    };
  }, [path, everySeconds, value, problem, isLoading]);
  return { value, problem, isLoading };
}

/** Hands a text to the person as a file. */
export function saveFile(name: string, text: string, type = 'text/csv;charset=utf-8'): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
