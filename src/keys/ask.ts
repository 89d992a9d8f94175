/** One request to a key service: JSON in both directions, and what its refusals mean. */

import { createHttp } from '../protocol/http.js';
import { HttpFailure } from '../protocol/http-failure.js';
import { KeyServiceOutage, KeyServiceRefusal } from './key-service.js';

/** What is sent, and where to; the address is https, or http on this machine. */
export interface Question {
  /** The service, for messages. */
  readonly to: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Statuses beside 5xx and 429 that mean "not now". */
  readonly isTransient: (status: number, text: string) => boolean;
}

const deadlineMs = 5_000;

/**
 * The JSON of the answer.
 *
 * @throws {KeyServiceRefusal | KeyServiceOutage} names the service and the status, never what was sent or answered
 */
export async function ask({ to, url, headers, body, isTransient }: Question): Promise<unknown> {
  const http = createHttp({ deadlineMs, allowInsecureLoopback: true });
  try {
    const answer = await http.fetch(url, { method: 'POST', headers, body });
    const text = await answer.text();
    if (answer.ok) return JSON.parse(text);
    const isOutage = answer.status >= 500 || answer.status === 429 || isTransient(answer.status, text);
    throw new (isOutage ? KeyServiceOutage : KeyServiceRefusal)(`${to} answered ${answer.status}`);
  } catch (error) {
    if (error instanceof HttpFailure) throw failed(to, error);
    if (error instanceof SyntaxError) throw new KeyServiceRefusal(`${to} answered no JSON`);
    throw error;
  } finally {
    // It is asked once per process, so nothing would use the connection again.
    await http.close();
  }
}

function failed(to: string, { kind }: HttpFailure): Error {
  if (kind === 'timeout' || kind === 'connection') return new KeyServiceOutage(`${to} cannot be reached`);
  return new KeyServiceRefusal(`${to} cannot be used (${kind})`);
}
