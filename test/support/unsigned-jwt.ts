/** JWTs that nobody signed: only the authorization server that they are sent to would have to believe them. */

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** One with these claims. */
export function unsignedJwt(claims: object): string {
  return `${encode({ alg: 'none' })}.${encode(claims)}.`;
}
