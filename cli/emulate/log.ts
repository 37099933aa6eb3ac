import process from 'node:process';
import type { AccessRecord } from '../../server/http/server.ts';

/** A line of JSON on stderr. */
export function logLine(level: 'info' | 'error', message: string, fields: Readonly<Record<string, unknown>> = {}): void {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`);
}

export function logAccess({ notes, took, ...record }: AccessRecord): void {
  logLine('info', 'request', { ...record, ms: Math.round(took * 1000) / 1000, ...notes });
}
