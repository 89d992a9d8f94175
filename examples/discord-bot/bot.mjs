/** A Discord bot without a gateway: Discord posts each slash command, signed, and the bot answers. The part to read. */

import { createPublicKey, verify } from 'node:crypto';
import { CodeRefused, Gone, OAuthNotConnected } from 'valetkey/client';

/** Interaction and response types, and the flag by which only one person sees an answer (Discord's API, version 10). */
const [ping, command, pong, message, onlyForYou] = [1, 2, 1, 4, 64];
/** What a DER-encoded Ed25519 public key begins with (RFC 8410); Discord gives the 32 bytes after it, in hex. */
const ed25519Prefix = '302a300506032b6570032100';

/**
 * @param options.publicKey of the application, hex, from Discord's developer portal
 * @param options.valetkey  a `ValetkeyClient`
 * @param options.github    address of GitHub's API
 * @param options.discord   address of Discord's API: `https://discord.com/api/v10`
 * @returns from headers and body, byte for byte as they came, to `{status, body}`
 */
export function createDiscordBot({ publicKey, valetkey, github, discord }) {
  const key = createPublicKey({ key: Buffer.from(ed25519Prefix + publicKey, 'hex'), format: 'der', type: 'spki' });

  async function answer(headers, body) {
    if (!isSigned(key, headers, body)) return { status: 401 };
    const interaction = JSON.parse(body);
    if (interaction.type === ping) return { status: 200, body: { type: pong } };
    if (interaction.type !== command) return { status: 400 };
    // Who is asking stands in the signed interaction: in `member` on a server, in `user` in a direct message.
    const user = `discord:${(interaction.member ?? interaction).user.id}`;
    const { name, options = [] } = interaction.data;
    const content = name === 'connect' ? await prove(user, options[0]?.value) : await whoAmI(user, interaction);
    return { status: 200, body: { type: message, data: { content, flags: onlyForYou } } };
  }

  async function whoAmI(user, interaction) {
    try {
      return await askGitHub(await valetkey.requireOAuthToken({ userId: user, purpose: '/whoami' }, 'github'));
    } catch (error) {
      if (!(error instanceof OAuthNotConnected)) throw error;
      // Not awaited: Discord wants its answer within three seconds.
      goOnLater(user, error.connectId, interaction).catch((fault) => console.error('no follow-up:', fault.message));
      return `Please connect GitHub: ${error.connectUrl} and then type \`/connect\` with the code that you are shown.`;
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

  /** A follow-up may be sent for 15 minutes, by the token of the interaction that was interrupted. */
  async function goOnLater(user, connectId, { application_id: application, token: interactionToken }) {
    const { status } = await valetkey.waitForConnect(connectId);
    if (status !== 'connected') return;
    const content = await askGitHub(await valetkey.requireOAuthToken({ userId: user, purpose: '/whoami' }, 'github'));
    await fetch(`${discord}/webhooks/${application}/${interactionToken}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ content, flags: onlyForYou }),
    });
  }

  async function askGitHub(token) {
    const headers = { authorization: `Bearer ${token}`, 'user-agent': 'discord-bot' };
    const response = await fetch(`${github}/user`, { headers });
    if (!response.ok) return `GitHub answered ${response.status}.`;
    const { login, name } = await response.json();
    return `You are ${name ?? login} (@${login}) on GitHub.`;
  }

  return answer;
}

/** Discord signs the time and the body as one text, and now and then sends a wrong signature to see it refused. */
function isSigned(key, headers, body) {
  const signature = Buffer.from(headers['x-signature-ed25519'] ?? '', 'hex');
  return verify(null, Buffer.from(headers['x-signature-timestamp'] + body), key, signature);
}
