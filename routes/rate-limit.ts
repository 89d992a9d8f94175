/** How often somebody may ask: per caller, per address of a browser, and per address that sends bad credentials. */

import type { FastifyReply, FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';
import { RateLimited } from '../src/core/errors.js';
import type { CounterStore } from '../src/core/store.js';

/** What limits need: counters that all replicas share, and how many requests are allowed per minute; 0 = no limit. */
export interface RateLimitOptions {
  readonly counters: CounterStore;
  readonly perCaller: number;
  readonly perBrowserAddress: number;
}

/** Requests per minute of a caller and of a browser's address, by default. */
export const usualLimits = { perCaller: 6000, perBrowserAddress: 600 } as const;

/** The checks, each called once per request. They reject with {@link RateLimited} or let the request go on. */
export interface RateLimits {
  /**
   * An authenticated caller; `who` is different for each. While the store does not answer, everybody goes on. Returns
   * `undefined`, nothing to wait for, if this process has a part of the limit left.
   */
  caller(request: FastifyRequest, reply: FastifyReply, who: string): Promise<void> | undefined;
  /** A browser on one of our pages. While the store does not answer, everybody goes on. */
  browser(request: FastifyRequest, reply: FastifyReply): Promise<void>;
  /**
   * Somebody whose credential was just refused; good ones from the same address are not affected. While the store does
   * not answer, nobody learns whether a guess was wrong.
   *
   * @throws {StoreUnavailable} the attempt could not be counted
   */
  refused(request: FastifyRequest, reply: FastifyReply): Promise<void>;
  /**
   * Somebody without a credential, who is not guessing one: never stopped. Only the audit trail gets no repeats.
   */
  anonymous(request: FastifyRequest): Promise<void>;
}

const minuteMs = 60_000;
/** More wrong credentials than this from one address in five minutes are not typing errors. */
const mostRefusals = 10;
const refusalWindowMs = 300_000;

const limited = new WeakSet<FastifyRequest>();

/** Whether the request is over a limit; its one entry in the audit trail, if any, has been written. */
export function isLimited(request: FastifyRequest): boolean {
  return limited.has(request);
}

/**
 * Binds the checks to counters.
 *
 * @param onFirst called with the name of the limit, once per window, when somebody is over it
 */
export function createRateLimits(
  options: RateLimitOptions,
  onFirst: (request: FastifyRequest, limit: string) => Promise<void>,
): RateLimits {
  const { counters, perCaller, perBrowserAddress } = options;
  const reservations = createReservations(counters);

  async function check(request: FastifyRequest, reply: FastifyReply, bucket: Bucket): Promise<void> {
    if (bucket.limit === 0) return;
    const place = await reservations.take(bucket);
    const seconds = showPlace(reply, bucket, place);
    if (place.used <= bucket.limit) return;
    reply.header('retry-after', seconds);
    await note(request, bucket, place);
    throw new RateLimited(place.remainingMs);
  }

  async function note(request: FastifyRequest, { name }: Bucket, { isFirst }: Place): Promise<void> {
    limited.add(request);
    if (isFirst) await onFirst(request, name);
  }

  async function spareTrail(request: FastifyRequest, bucket: Bucket): Promise<void> {
    const place = await reservations.take(bucket);
    if (place.used > bucket.limit) await note(request, bucket, place);
  }

  /** These limits are for fairness; an outage of the store is no reason to refuse anybody. */
  async function unlessDown(work: Promise<void>): Promise<void> {
    await work.catch((error: unknown) => {
      if (error instanceof RateLimited) throw error;
    });
  }

  return {
    caller: (request, reply, who) => {
      const bucket = perMinute('caller', who, perCaller);
      const held = reservations.held(bucket);
      if (held === undefined) return unlessDown(check(request, reply, bucket));
      showPlace(reply, bucket, held);
      return undefined;
    },
    browser: (request, reply) =>
      unlessDown(check(request, reply, perMinute('browser', neighbourhoodOf(request.ip), perBrowserAddress))),
    refused: (request, reply) => check(request, reply, perAddress('failed_authentication', request.ip)),
    anonymous: (request) => unlessDown(spareTrail(request, perAddress('missing_credential', request.ip))),
  };
}

/** @returns when the window ends, in whole seconds */
function showPlace(reply: FastifyReply, { limit }: Bucket, { used, remainingMs }: Place): number {
  const seconds = Math.max(1, Math.ceil(remainingMs / 1000));
  reply.header('ratelimit-limit', limit);
  reply.header('ratelimit-remaining', Math.max(0, limit - used));
  reply.header('ratelimit-reset', seconds);
  return seconds;
}

/** Who is counted, how many are allowed, in which time. */
interface Bucket {
  readonly name: string;
  readonly key: string;
  readonly limit: number;
  readonly windowMs: number;
}

function perMinute(name: string, key: string, limit: number): Bucket {
  return { name, key, limit, windowMs: minuteMs };
}

function perAddress(name: string, ip: string): Bucket {
  return { name, key: neighbourhoodOf(ip), limit: mostRefusals, windowMs: refusalWindowMs };
}

/** The place of a request in its bucket. `isFirst`: the first one of this window over the limit. */
interface Place {
  readonly used: number;
  readonly isFirst: boolean;
  readonly remainingMs: number;
}

/** A part of a bucket that this process has reserved in the shared count, to use it without asking again. */
interface Reservation {
  used: number;
  readonly upTo: number;
  readonly endsAt: number;
}

/** The next place in a bucket: `held` from this process's reservation, `take` also from the shared count. */
interface Reservations {
  held(bucket: Bucket): Place | undefined;
  take(bucket: Bucket): Promise<Place>;
}

/**
 * Counts in the shared store, but not one by one: a process reserves a hundredth of the limit at a time, so that not every
 * token costs a write to the store. What it reserves and does not use is lost to the others. So the limit is never
 * exceeded, but may be reached early, by a hundredth per process at most. Small limits are counted one by one.
 */
function createReservations(counters: CounterStore): Reservations {
  const reservations = new Map<string, Reservation>();
  const asking = new Map<string, Promise<Place>>();

  async function ask(id: string, { limit, windowMs }: Bucket, batch: number): Promise<Place> {
    const { count, remainingMs } = await counters.add(id, windowMs, batch);
    const used = count - batch + 1;
    if (batch > 1 && count <= limit) {
      reserve(reservations, id, { used, upTo: count, endsAt: performance.now() + remainingMs });
    }
    return { used, isFirst: used > limit && used - batch <= limit, remainingMs };
  }

  const held = (bucket: Bucket) => takeReserved(reservations.get(idOf(bucket)));

  const take = async (bucket: Bucket): Promise<Place> => {
    const id = idOf(bucket);
    const batch = Math.max(1, Math.floor(bucket.limit / 100));
    if (batch === 1) return ask(id, bucket, batch);
    for (;;) {
      const reserved = held(bucket);
      if (reserved !== undefined) return reserved;
      // Of many requests at once, only one asks the store.
      const asked = asking.get(id);
      if (asked === undefined) {
        const asks = ask(id, bucket, batch).finally(() => asking.delete(id));
        asking.set(id, asks);
        return asks;
      }
      const place = await asked;
      if (place.used > bucket.limit) return { ...place, isFirst: false };
    }
  };
  return { held, take };
}

const idOf = ({ name, key }: Bucket) => `rate/${name}/${key}`;

function takeReserved(held: Reservation | undefined): Place | undefined {
  const remainingMs = held === undefined ? 0 : held.endsAt - performance.now();
  if (held === undefined || held.used >= held.upTo || remainingMs <= 0) return undefined;
  held.used += 1;
  return { used: held.used, isFirst: false, remainingMs };
}

/** At most this many reservations are kept, as one caller needs one; the oldest are dropped first. */
const mostReservations = 10_000;

function reserve(reservations: Map<string, Reservation>, id: string, reservation: Reservation): void {
  reservations.delete(id);
  reservations.set(id, reservation);
  const [oldest] = reservations.keys();
  if (reservations.size > mostReservations && oldest !== undefined) reservations.delete(oldest);
}

/** The address; for IPv6 its /64, since a single machine has all of it (RFC 6177). */
function neighbourhoodOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, 4).join(':') : parsed.toString();
}
