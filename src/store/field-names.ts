/** How owners' records are named in storage: names hold no user text, and no two records share one. */

import { hash } from 'node:crypto';
import type { Purpose } from '../core/connect.js';
import { type ConnectionRef, defaultAccount, type OwnerKey } from '../core/identifiers.js';

/** The bytes that the 24 characters of an owner key encode. */
const ownerKeyBytes = 18;
const connectIdPattern = /^[A-Za-z0-9_-]{1,128}$/;

/** SHA-256 in base64url, used in keys for anything that is secret, long or of any alphabet. */
export function hashOf(text: string): string {
  return hash('sha256', text, 'base64url');
}

/**
 * The field of a connection: `c/<provider>` for the default account, else `c/<provider>/<16 characters>` of the label's
 * SHA-256. Provider ids contain no slash, so the parts cannot run into each other. A collision of these 96 bits would only
 * concern two labels of one owner, and records name their account.
 */
export function connectionFieldOf(ref: Pick<ConnectionRef, 'provider' | 'account'>): string {
  const field = `c/${ref.provider}`;
  return ref.account === defaultAccount ? field : `${field}/${hashOf(ref.account).slice(0, 16)}`;
}

/** The field of an awaiting grant. @throws {TypeError} the id is not one of ours */
export function grantFieldOf(connectId: string): string {
  if (!connectIdPattern.test(connectId)) throw new TypeError('connectId must be 1-128 characters of A-Z a-z 0-9 _ -');
  return `g/${connectId}`;
}

/** What a field holds, by its prefix. */
export function fieldKind(field: string): 'connection' | 'grant' | undefined {
  if (field.startsWith('c/')) return 'connection';
  return field.startsWith('g/') ? 'grant' : undefined;
}

/** The connect id in a grant's field. */
export function connectIdOf(grantField: string): string {
  return grantField.slice(2);
}

/** The key of a one-time or short-lived record; it does not contain the secret. */
export function expiringKeyOf(purpose: Purpose, secretKey: string): string {
  return `${purpose}/${hashOf(secretKey)}`;
}

/**
 * The due index's member for a field: the owner key as its 18 bytes, then `{provider}[/{account}]` or `/{connect id}`. Redis
 * may hold a million of them, and its memory comes in steps: up to 30 bytes cost 32, one more costs 48.
 */
export function dueMemberOf(owner: OwnerKey, field: string): string {
  const short = fieldKind(field) === 'connection' ? field.slice(2) : field.slice(1);
  return Buffer.from(owner, 'base64url').toString('latin1') + short;
}

/** Owner and field of a member of the due index. */
export function splitDueMember(member: string): { readonly owner: OwnerKey; readonly field: string } {
  const owner = Buffer.from(member.slice(0, ownerKeyBytes), 'latin1').toString('base64url') as OwnerKey;
  const short = member.slice(ownerKeyBytes);
  return { owner, field: short.startsWith('/') ? `g${short}` : `c/${short}` };
}
