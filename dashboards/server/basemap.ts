import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

export type Basemap = { readonly bytes: Buffer; readonly gzipped: Buffer; readonly etag: string };

const compress = promisify(gzip);

/** Reads the base map when first asked for, and again when the file has changed. */
export function openBasemap(file: string | undefined): () => Promise<Basemap | undefined> {
  let kept: { readonly stamp: string; readonly map: Promise<Basemap> } | undefined;
  return async () => {
    if (file === undefined) return undefined;
    const facts = await stat(file).catch(() => undefined);
    if (!facts?.isFile()) return undefined;
    const stamp = `${facts.mtimeMs} ${facts.size}`;
    if (kept?.stamp !== stamp) kept = { stamp, map: readBasemap(file) };
    return kept.map;
  };
}

async function readBasemap(file: string): Promise<Basemap> {
  const bytes = await readFile(file);
  const digest = createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
  return { bytes, gzipped: await compress(bytes), etag: `"${digest}"` };
}
