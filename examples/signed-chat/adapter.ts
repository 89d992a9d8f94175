/**
 * Between a chat platform and a language model: who is talking, and a return code, are read by code from the signed event
 * before the model sees anything. What the model answers can choose a tool, never a person. (Signatures as Slack makes them.)
 */

import { createHmac, timingSafeEqual } from 'node:crypto';

/** What is used of `ValetkeyClient` (`valetkey/client`). */
interface Valetkey {
  submitProof(user: string, code: string): Promise<{ readonly identity?: { readonly name?: string } }>;
  requireOAuthToken(context: { readonly userId: string; readonly purpose: string }, provider: string): Promise<string>;
}

/** What a model may answer: words, or a tool with its input. Everything else in its answer is passed over. */
interface ModelAnswer {
  readonly say?: string;
  readonly tool?: string;
  readonly input?: unknown;
}

/** A tool, and the provider whose token it needs. */
interface Tool {
  readonly provider: string;
  readonly run: (token: string, input: unknown) => Promise<string>;
}

/** What an adapter joins. */
export interface AdapterOptions {
  /** Of the app; the platform has it, too. */
  readonly signingSecret: string;
  readonly valetkey: Valetkey;
  readonly model: (text: string) => Promise<ModelAnswer>;
  readonly tools: ReadonlyMap<string, Tool>;
  readonly say: (user: string, text: string) => Promise<void>;
  /** Epoch ms. */
  readonly now?: () => number;
}

type Headers = Readonly<Record<string, string | undefined>>;

/** The whole message is a code: eight of the characters that return codes have, in one or two groups. */
const codeAlone = /^\s*([2-9A-HJ-NP-Z]{4})[- ]?([2-9A-HJ-NP-Z]{4})\s*$/i;
/** Anything in a longer message that could be one. */
const codeInside = /[2-9A-HJ-NP-Z]{4}[- ]?[2-9A-HJ-NP-Z]{4}/g;
/** An event that is older may be a replay. */
const oldestSeconds = 300;

/** Takes one delivery of the platform and answers the HTTP status; the body must be as it came, byte for byte. */
export function createAdapter(options: AdapterOptions): (headers: Headers, body: string) => Promise<number> {
  return async (headers, body) => {
    if (!isSigned(options, headers, body)) return 401;
    const { team_id: team, event } = JSON.parse(body);
    const user = `slack:${team}:${event.user}`;
    const [, first, second] = codeAlone.exec(event.text) ?? [];
    await (first ? prove(options, user, `${first}${second}`) : converse(options, user, event.text));
    return 200;
  };
}

/** What the platform sends beside an event that it signed at `at` (epoch seconds). */
export function signatureOf(signingSecret: string, at: string, body: string): string {
  return `v0=${createHmac('sha256', signingSecret).update(`v0:${at}:${body}`).digest('hex')}`;
}

function isSigned({ signingSecret, now = Date.now }: AdapterOptions, headers: Headers, body: string): boolean {
  const at = headers['x-slack-request-timestamp'] ?? '';
  if (!/^\d{1,12}$/.test(at) || Math.abs(now() / 1000 - Number(at)) > oldestSeconds) return false;
  const expected = Buffer.from(signatureOf(signingSecret, at, body));
  const given = Buffer.from(headers['x-slack-signature'] ?? '');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

async function prove({ valetkey, say }: AdapterOptions, user: string, code: string): Promise<void> {
  const said = await valetkey.submitProof(user, code).then(
    ({ identity }) => `Connected as ${identity?.name ?? 'you'}.`,
    (error) => `That did not work (${error.code}).`,
  );
  await say(user, said);
}

/** Whose token a tool gets comes from the event, whatever the text or the model says. */
async function converse({ valetkey, model, tools, say }: AdapterOptions, user: string, text: string): Promise<void> {
  const answer = await model(text.replace(codeInside, '[code]'));
  const name = answer.tool ?? '';
  const tool = tools.get(name);
  if (tool === undefined) return say(user, answer.say ?? 'I cannot do that.');
  const said = await valetkey.requireOAuthToken({ userId: user, purpose: name }, tool.provider).then(
    (token) => tool.run(token, answer.input),
    (error) => (error.connectUrl ? `Please connect first: ${error.connectUrl}` : `Sorry (${error.code}).`),
  );
  await say(user, said);
}
