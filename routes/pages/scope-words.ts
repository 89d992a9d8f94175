/** What a scope means, in words that a person can decide by. A scope that is not known here is shown as it stands. */

import type { Language } from './texts.js';

type Words = Readonly<Record<Language, string>>;

/** OpenID Connect Core section 5.4 and 11; the same at every provider that speaks it. */
const common = new Map<string, Words>([
  ['openid', { en: 'Know which account is yours', de: 'Wissen, welches Konto deins ist' }],
  ['profile', { en: 'See your name and profile', de: 'Deinen Namen und dein Profil sehen' }],
  ['email', { en: 'See your e-mail address', de: 'Deine E-Mail-Adresse sehen' }],
  ['offline_access', { en: 'Stay connected while you are away', de: 'Verbunden bleiben, wenn du nicht da bist' }],
  ['offline.access', { en: 'Stay connected while you are away', de: 'Verbunden bleiben, wenn du nicht da bist' }],
]);

const byProvider = new Map<string, ReadonlyMap<string, Words>>([
  [
    'github',
    new Map([
      ['read:user', { en: 'Read your profile', de: 'Dein Profil lesen' }],
      ['user:email', { en: 'Read your e-mail addresses', de: 'Deine E-Mail-Adressen lesen' }],
      ['user', { en: 'Read and change your profile', de: 'Dein Profil lesen und ändern' }],
      [
        'repo',
        {
          en: 'Read and change all your repositories, private ones too',
          de: 'Alle deine Repositories lesen und ändern, auch private',
        },
      ],
      [
        'public_repo',
        { en: 'Read and change your public repositories', de: 'Deine öffentlichen Repositories lesen und ändern' },
      ],
      ['read:org', { en: 'See your organisations and teams', de: 'Deine Organisationen und Teams sehen' }],
      ['gist', { en: 'Create and change gists', de: 'Gists anlegen und ändern' }],
      ['notifications', { en: 'Read your notifications', de: 'Deine Benachrichtigungen lesen' }],
      ['workflow', { en: 'Change workflow files', de: 'Workflow-Dateien ändern' }],
      ['delete_repo', { en: 'Delete repositories', de: 'Repositories löschen' }],
    ]),
  ],
  [
    'google',
    new Map([
      ['https://www.googleapis.com/auth/gmail.readonly', { en: 'Read your mail', de: 'Deine E-Mails lesen' }],
      ['https://www.googleapis.com/auth/gmail.send', { en: 'Send mail as you', de: 'E-Mails in deinem Namen senden' }],
      [
        'https://mail.google.com/',
        { en: 'Read, send and delete all your mail', de: 'Alle deine E-Mails lesen, senden und löschen' },
      ],
      [
        'https://www.googleapis.com/auth/calendar',
        { en: 'Read and change your calendars', de: 'Deine Kalender lesen und ändern' },
      ],
      ['https://www.googleapis.com/auth/calendar.readonly', { en: 'Read your calendars', de: 'Deine Kalender lesen' }],
      [
        'https://www.googleapis.com/auth/calendar.events',
        { en: 'Read and change your events', de: 'Deine Termine lesen und ändern' },
      ],
      [
        'https://www.googleapis.com/auth/drive',
        { en: 'Read, change and delete all your files', de: 'Alle deine Dateien lesen, ändern und löschen' },
      ],
      ['https://www.googleapis.com/auth/drive.readonly', { en: 'Read all your files', de: 'Alle deine Dateien lesen' }],
      [
        'https://www.googleapis.com/auth/drive.file',
        { en: 'Use the files you open with it', de: 'Dateien nutzen, die du damit öffnest' },
      ],
      [
        'https://www.googleapis.com/auth/spreadsheets',
        { en: 'Read and change your spreadsheets', de: 'Deine Tabellen lesen und ändern' },
      ],
      [
        'https://www.googleapis.com/auth/userinfo.email',
        { en: 'See your e-mail address', de: 'Deine E-Mail-Adresse sehen' },
      ],
      [
        'https://www.googleapis.com/auth/userinfo.profile',
        { en: 'See your name and profile', de: 'Deinen Namen und dein Profil sehen' },
      ],
    ]),
  ],
  [
    'microsoft',
    new Map([
      ['User.Read', { en: 'Read your profile', de: 'Dein Profil lesen' }],
      ['Mail.Read', { en: 'Read your mail', de: 'Deine E-Mails lesen' }],
      ['Mail.Send', { en: 'Send mail as you', de: 'E-Mails in deinem Namen senden' }],
      ['Mail.ReadWrite', { en: 'Read, change and delete your mail', de: 'Deine E-Mails lesen, ändern und löschen' }],
      ['Calendars.Read', { en: 'Read your calendars', de: 'Deine Kalender lesen' }],
      ['Calendars.ReadWrite', { en: 'Read and change your calendars', de: 'Deine Kalender lesen und ändern' }],
      ['Files.Read', { en: 'Read your files', de: 'Deine Dateien lesen' }],
      ['Files.ReadWrite', { en: 'Read, change and delete your files', de: 'Deine Dateien lesen, ändern und löschen' }],
      ['Chat.Read', { en: 'Read your chats', de: 'Deine Chats lesen' }],
    ]),
  ],
  [
    'slack',
    new Map([
      ['chat:write', { en: 'Send messages', de: 'Nachrichten senden' }],
      ['users:read', { en: 'See the people of the workspace', de: 'Die Personen im Workspace sehen' }],
      ['channels:read', { en: 'See public channels', de: 'Öffentliche Channels sehen' }],
      [
        'channels:history',
        { en: 'Read messages in public channels', de: 'Nachrichten in öffentlichen Channels lesen' },
      ],
      ['search:read', { en: 'Search messages and files', de: 'Nachrichten und Dateien durchsuchen' }],
      ['files:read', { en: 'Read shared files', de: 'Geteilte Dateien lesen' }],
    ]),
  ],
  [
    'discord',
    new Map([
      ['identify', { en: 'See your name and picture', de: 'Deinen Namen und dein Bild sehen' }],
      ['guilds', { en: 'See which servers you are in', de: 'Sehen, auf welchen Servern du bist' }],
    ]),
  ],
  [
    'gitlab',
    new Map([
      ['read_user', { en: 'Read your profile', de: 'Dein Profil lesen' }],
      ['read_api', { en: 'Read everything you can read', de: 'Alles lesen, was du lesen kannst' }],
      ['api', { en: 'Do everything you can do', de: 'Alles tun, was du tun kannst' }],
      ['read_repository', { en: 'Read your repositories', de: 'Deine Repositories lesen' }],
      ['write_repository', { en: 'Read and change your repositories', de: 'Deine Repositories lesen und ändern' }],
    ]),
  ],
  [
    'linear',
    new Map([
      ['read', { en: 'Read your workspace', de: 'Deinen Workspace lesen' }],
      ['write', { en: 'Change your workspace', de: 'Deinen Workspace ändern' }],
      ['issues:create', { en: 'Create issues', de: 'Issues anlegen' }],
      ['comments:create', { en: 'Write comments', de: 'Kommentare schreiben' }],
    ]),
  ],
  [
    'atlassian',
    new Map([
      ['read:me', { en: 'Read your profile', de: 'Dein Profil lesen' }],
      ['read:jira-work', { en: 'Read projects and issues in Jira', de: 'Projekte und Vorgänge in Jira lesen' }],
      ['write:jira-work', { en: 'Create and change issues in Jira', de: 'Vorgänge in Jira anlegen und ändern' }],
      ['read:jira-user', { en: 'See people in Jira', de: 'Personen in Jira sehen' }],
    ]),
  ],
]);

/** One permission as the page lists it. */
export interface ScopeWords {
  /** Absent when nobody has put this scope into words. */
  readonly words?: string;
  readonly scope: string;
}

/** Puts one scope token of a provider into words. */
export function describeScope(provider: string, scope: string, language: Language): ScopeWords {
  const words = byProvider.get(provider)?.get(scope) ?? common.get(scope);
  return words === undefined ? { scope } : { words: words[language], scope };
}
