/** The part of k6's MQTT extension that we use; `@types/k6` has no extensions. */
declare module 'k6/x/mqtt' {
  export class Client {
    constructor(options?: {
      readonly client_id?: string;
      readonly username?: string;
      readonly password?: string;
    });
    on(event: 'connect' | 'end' | 'reconnect', listener: () => void): void;
    on(
      event: 'error',
      listener: (error: { readonly message: string; readonly method: string }) => void,
    ): void;
    /** Returns at once; `connect` or `error` follows. Seconds, and milliseconds. */
    connect(url: string, options?: { readonly keepalive?: number; readonly connect_timeout?: number }): void;
    /** Resolves with the acknowledgement. */
    publishAsync(
      topic: string,
      payload: string | ArrayBuffer,
      options?: { readonly qos?: 0 | 1 | 2; readonly retain?: boolean },
    ): Promise<void>;
    end(): void;
  }
}
