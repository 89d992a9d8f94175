/** A Slack bot with one slash command: Slack posts a signed form, and the bot answers. The part to read. */

import { createHmac, timingSafeEqual } from 'node:crypto';
import { CodeRefused, Gone, OAuthNotConnected } from 'valetkey/client';

/** A request that is older may be a replay, seconds. */
const oldest = 300;

/**
 * @param options.signingSecret of the app, from its page "Basic Information"
 * @param options.valetkey      a `ValetkeyClient`
 * @param options.github        address of GitHub's API
 * @returns from headers and body, byte for byte as they came, to `{status, body}`
 */
export function createSlackBot({ signingSecret, valetkey, github }) {
  async function answer(headers, body) {
    if (!isSigned(signingSecret, headers, body)) return { status: 401 };
    const form = new URLSearchParams(body);
    // Who is asking stands in the signed form; the person only writes `text`.
    const user = `slack:${form.get('team_id')}:${form.get('user_id')}`;
    const [verb, code] = form.get('text').trim().split(/\s+/);
    const text = verb === 'code' ? await prove(user, code) : await whoAmI(user, form.get('response_url'));
    return { status: 200, body: onlyForYou(text) };
  }

  async function whoAmI(user, responseUrl) {
    try {
      return await askGitHub(await valetkey.requireOAuthToken({ userId: user, purpose: '/github' }, 'github'));
    } catch (error) {
      if (!(error instanceof OAuthNotConnected)) throw error;
      // Not awaited: Slack wants its answer within three seconds.
      goOnLater(user, error.connectId, responseUrl).catch((fault) => console.error('no follow-up:', fault.message));
      return `Please connect GitHub: <${error.connectUrl}|open this link> and type \`/github code\` with the code there.`;
    }
  }

  /** The code proves that the person in the browser is the person who types it here. */
  async function prove(user, code) {
    try {
      const { identity } = await valetkey.submitProof(user, String(code));
      return `Connected as ${identity?.name ?? 'you'}.`;
    } catch (error) {
      if (error instanceof CodeRefused) return `That is not the code; ${error.attemptsLeft} tries left.`;
      if (error instanceof Gone) return 'That link is over. Ask again for a new one.';
      throw error;
    }
  }

  /** A response URL may be used for 30 minutes; it is as trustworthy as the signature that it came under. */
  async function goOnLater(user, connectId, responseUrl) {
    const { status } = await valetkey.waitForConnect(connectId);
    if (status !== 'connected') return;
    const text = await askGitHub(await valetkey.requireOAuthToken({ userId: user, purpose: '/github' }, 'github'));
    const headers = { 'content-type': 'application/json' };
    await fetch(responseUrl, { method: 'POST', headers, body: JSON.stringify(onlyForYou(text)) });
  }

  async function askGitHub(token) {
    const headers = { authorization: `Bearer ${token}`, 'user-agent': 'slack-bot' };
    const response = await fetch(`${github}/user`, { headers });
    if (!response.ok) return `GitHub answered ${response.status}.`;
    const { login, name } = await response.json();
    return `You are ${name ?? login} (@${login}) on GitHub.`;
  }

  return answer;
}

/** Nobody else in the channel sees it: a connect link is for one person. */
const onlyForYou = (text) => ({ response_type: 'ephemeral', text });

/** The signature that Slack sends with a body at a time (epoch seconds). */
export function signatureOf(signingSecret, at, body) {
  return `v0=${createHmac('sha256', signingSecret).update(`v0:${at}:${body}`).digest('hex')}`;
}

function isSigned(signingSecret, headers, body) {
  const at = headers['x-slack-request-timestamp'] ?? '';
  if (!/^\d{1,12}$/.test(at) || Math.abs(Date.now() / 1000 - Number(at)) > oldest) return false;
  const expected = Buffer.from(signatureOf(signingSecret, at, body));
  const given = Buffer.from(headers['x-slack-signature'] ?? '');
  return given.length === expected.length && timingSafeEqual(given, expected);
}
