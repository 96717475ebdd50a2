import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { asError, Fault } from '../schemas/fault.ts';
import type { Config } from './config.ts';

/** What a server of ours shows, and whom it asks for; PEM. */
export type Certificates = {
  readonly cert: string;
  readonly key: string;
  /** Undefined: clients are not asked for a certificate. */
  readonly ca: string | undefined;
};

/** The certificates that the configuration names, read and found to belong together; undefined: no TLS. */
export async function readCertificates({ tls }: Pick<Config, 'tls'>): Promise<Certificates | undefined> {
  if (tls === undefined) return undefined;
  const [cert, key, ca] = await Promise.all([
    read(tls.certFile, 'TLS_CERT_FILE'),
    read(tls.keyFile, 'TLS_KEY_FILE'),
    tls.caFile === undefined ? undefined : read(tls.caFile, 'TLS_CA_FILE'),
  ]);
  try {
    createSecureContext({ cert, key, ...(ca !== undefined && { ca }) });
  } catch (cause) {
    const why = asError(cause).message;
    throw new Fault('config/invalid', `TLS_CERT_FILE and TLS_KEY_FILE cannot be used: ${why}`, { cause });
  }
  return { cert, key, ca };
}

async function read(file: string, variable: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new Fault('config/invalid', `${variable}: cannot read ${file}: ${asError(cause).message}`, {
      cause,
    });
  }
}
