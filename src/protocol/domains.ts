/** Whether two hosts belong to one owner, as far as names can tell. */

import ipaddr from 'ipaddr.js';

/** Names under which strangers get names: two hosts there have nothing in common. Beside these, `co.uk` and the like. */
const sharedSuffixes: ReadonlySet<string> = new Set([
  'amazonaws.com',
  'appspot.com',
  'azure-api.net',
  'azurecontainerapps.io',
  'azurewebsites.net',
  'b2clogin.com',
  'ciamlogin.com',
  'cloudfront.net',
  'deno.dev',
  'firebaseapp.com',
  'fly.dev',
  'github.io',
  'herokuapp.com',
  'netlify.app',
  'ngrok.app',
  'ngrok.io',
  'ngrok-free.app',
  'onrender.com',
  'pages.dev',
  'railway.app',
  'run.app',
  'supabase.co',
  'trycloudflare.com',
  'vercel.app',
  'web.app',
  'windows.net',
  'workers.dev',
]);

/** Second-level names of countries (`co.uk`, `com.au`): short words before a country's two letters. */
const countrySuffix = /^(ac|co|com|edu|gob|gov|gouv|ltd|ne|net|nom|or|org|plc|sch)\.[a-z]{2}$/;

/**
 * Whether a host is the domain itself, one below it, or another one of the same owner: `api.example.com` and
 * `login.example.com`. Where that is in doubt, as under `github.io`, only the same name and names below it count.
 */
export function sharesDomain(host: string, domain: string): boolean {
  const [one, other] = [host, domain].map((name) => name.toLowerCase().replace(/\.$/, ''));
  if (one === undefined || other === undefined || one === '' || other === '') return false;
  if (one === other) return true;
  if (isAddress(one) || isAddress(other) || isShared(other)) return false;
  if (one.endsWith(`.${other}`)) return true;
  const owner = ownerOf(other);
  return owner !== undefined && (one === owner || one.endsWith(`.${owner}`));
}

/** Whether a host is the domain itself or below it. */
export function isWithin(host: string, domain: string): boolean {
  const [one, other] = [host.toLowerCase(), domain.toLowerCase()];
  return one === other || (!isAddress(one) && !isShared(other) && one.endsWith(`.${other}`));
}

/** The shortest name that one owner has, or `undefined` when strangers may sit beside it. */
function ownerOf(host: string): string | undefined {
  const labels = host.split('.');
  for (let count = 2; count <= labels.length; count += 1) {
    const name = labels.slice(-count).join('.');
    if (!isShared(name)) return sharedSuffixes.has(labels.slice(1 - count).join('.')) ? undefined : name;
  }
  return undefined;
}

function isShared(name: string): boolean {
  return !name.includes('.') || sharedSuffixes.has(name) || countrySuffix.test(name);
}

function isAddress(host: string): boolean {
  return ipaddr.isValid(host.replace(/^\[|\]$/g, ''));
}
