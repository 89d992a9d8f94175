/** What scopes mean, for the person who decides, in English and German: all default scopes, and others often asked for. */

/** A scope, and what it means in each language. */
export type ScopeText = readonly [scope: string, en: string, de: string];

/** OpenID Connect Core section 5.4 and 11; the same at every provider that supports it. */
export const commonScopes: readonly ScopeText[] = [
  ['openid', 'Know which account is yours', 'Wissen, welches Konto deins ist'],
  ['profile', 'See your name and profile', 'Deinen Namen und dein Profil sehen'],
  ['email', 'See your e-mail address', 'Deine E-Mail-Adresse sehen'],
  ['offline_access', 'Stay connected while you are away', 'Verbunden bleiben, wenn du nicht da bist'],
  ['offline.access', 'Stay connected while you are away', 'Verbunden bleiben, wenn du nicht da bist'],
];

/** By provider. */
export const scopesByProvider: Readonly<Record<string, readonly ScopeText[]>> = {
  github: [
    ['read:user', 'Read your profile', 'Dein Profil lesen'],
    ['user:email', 'Read your e-mail addresses', 'Deine E-Mail-Adressen lesen'],
    ['user', 'Read and change your profile', 'Dein Profil lesen und ändern'],
    [
      'repo',
      'Read and change all your repositories, private ones too',
      'Alle deine Repositories lesen und ändern, auch private',
    ],
    ['public_repo', 'Read and change your public repositories', 'Deine öffentlichen Repositories lesen und ändern'],
    ['read:org', 'See your organisations and teams', 'Deine Organisationen und Teams sehen'],
    ['gist', 'Create and change gists', 'Gists anlegen und ändern'],
    ['notifications', 'Read your notifications', 'Deine Benachrichtigungen lesen'],
    ['workflow', 'Change workflow files', 'Workflow-Dateien ändern'],
    ['delete_repo', 'Delete repositories', 'Repositories löschen'],
  ],
  google: [
    ['https://www.googleapis.com/auth/gmail.readonly', 'Read your mail', 'Deine E-Mails lesen'],
    ['https://www.googleapis.com/auth/gmail.send', 'Send mail as you', 'E-Mails in deinem Namen senden'],
    ['https://mail.google.com/', 'Read, send and delete all your mail', 'Alle deine E-Mails lesen, senden und löschen'],
    ['https://www.googleapis.com/auth/calendar', 'Read and change your calendars', 'Deine Kalender lesen und ändern'],
    ['https://www.googleapis.com/auth/calendar.readonly', 'Read your calendars', 'Deine Kalender lesen'],
    [
      'https://www.googleapis.com/auth/calendar.events',
      'Read and change your events',
      'Deine Termine lesen und ändern',
    ],
    [
      'https://www.googleapis.com/auth/drive',
      'Read, change and delete all your files',
      'Alle deine Dateien lesen, ändern und löschen',
    ],
    ['https://www.googleapis.com/auth/drive.readonly', 'Read all your files', 'Alle deine Dateien lesen'],
    [
      'https://www.googleapis.com/auth/drive.file',
      'Use the files you open with it',
      'Dateien nutzen, die du damit öffnest',
    ],
    [
      'https://www.googleapis.com/auth/spreadsheets',
      'Read and change your spreadsheets',
      'Deine Tabellen lesen und ändern',
    ],
    ['https://www.googleapis.com/auth/userinfo.email', 'See your e-mail address', 'Deine E-Mail-Adresse sehen'],
    [
      'https://www.googleapis.com/auth/userinfo.profile',
      'See your name and profile',
      'Deinen Namen und dein Profil sehen',
    ],
  ],
  microsoft: [
    ['User.Read', 'Read your profile', 'Dein Profil lesen'],
    ['Mail.Read', 'Read your mail', 'Deine E-Mails lesen'],
    ['Mail.Send', 'Send mail as you', 'E-Mails in deinem Namen senden'],
    ['Mail.ReadWrite', 'Read, change and delete your mail', 'Deine E-Mails lesen, ändern und löschen'],
    ['Calendars.Read', 'Read your calendars', 'Deine Kalender lesen'],
    ['Calendars.ReadWrite', 'Read and change your calendars', 'Deine Kalender lesen und ändern'],
    ['Files.Read', 'Read your files', 'Deine Dateien lesen'],
    ['Files.ReadWrite', 'Read, change and delete your files', 'Deine Dateien lesen, ändern und löschen'],
    ['Chat.Read', 'Read your chats', 'Deine Chats lesen'],
  ],
  slack: [
    ['chat:write', 'Send messages', 'Nachrichten senden'],
    ['users:read', 'See the people of the workspace', 'Die Personen im Workspace sehen'],
    ['channels:read', 'See public channels', 'Öffentliche Channels sehen'],
    ['channels:history', 'Read messages in public channels', 'Nachrichten in öffentlichen Channels lesen'],
    ['search:read', 'Search messages and files', 'Nachrichten und Dateien durchsuchen'],
    ['files:read', 'Read shared files', 'Geteilte Dateien lesen'],
  ],
  discord: [
    ['identify', 'See your name and picture', 'Deinen Namen und dein Bild sehen'],
    ['guilds', 'See which servers you are in', 'Sehen, auf welchen Servern du bist'],
  ],
  gitlab: [
    ['read_user', 'Read your profile', 'Dein Profil lesen'],
    ['read_api', 'Read everything you can read', 'Alles lesen, was du lesen kannst'],
    ['api', 'Do everything you can do', 'Alles tun, was du tun kannst'],
    ['read_repository', 'Read your repositories', 'Deine Repositories lesen'],
    ['write_repository', 'Read and change your repositories', 'Deine Repositories lesen und ändern'],
  ],
  linear: [
    ['read', 'Read your workspace', 'Deinen Workspace lesen'],
    ['write', 'Change your workspace', 'Deinen Workspace ändern'],
    ['issues:create', 'Create issues', 'Issues anlegen'],
    ['comments:create', 'Write comments', 'Kommentare schreiben'],
  ],
  atlassian: [
    ['read:me', 'Read your profile', 'Dein Profil lesen'],
    ['read:jira-work', 'Read projects and issues in Jira', 'Projekte und Vorgänge in Jira lesen'],
    ['write:jira-work', 'Create and change issues in Jira', 'Vorgänge in Jira anlegen und ändern'],
    ['read:jira-user', 'See people in Jira', 'Personen in Jira sehen'],
  ],
  airtable: [['user.email:read', 'See your e-mail address', 'Deine E-Mail-Adresse sehen']],
  asana: [['default', 'Do everything you can do in Asana', 'Alles tun, was du in Asana tun kannst']],
  calendly: [['users:read', 'See your name and profile', 'Deinen Namen und dein Profil sehen']],
  canva: [['profile:read', 'See your name', 'Deinen Namen sehen']],
  docusign: [
    ['signature', 'Send and sign documents as you', 'Dokumente in deinem Namen senden und unterschreiben'],
    ['extended', 'Stay connected while you are away', 'Verbunden bleiben, wenn du nicht da bist'],
  ],
  dropbox: [
    [
      'account_info.read',
      'See your name, e-mail address and account',
      'Deinen Namen, deine E-Mail-Adresse und dein Konto sehen',
    ],
  ],
  figma: [['current_user:read', 'See your name and e-mail address', 'Deinen Namen und deine E-Mail-Adresse sehen']],
  hubspot: [['oauth', 'Know which account is yours', 'Wissen, welches Konto deins ist']],
  miro: [['boards:read', 'Read your boards', 'Deine Boards lesen']],
  monday: [['me:read', 'See your name and profile', 'Deinen Namen und dein Profil sehen']],
  quickbooks: [
    [
      'com.intuit.quickbooks.accounting',
      'Read and change the accounts of your company',
      'Die Buchhaltung deiner Firma lesen und ändern',
    ],
  ],
  reddit: [['identity', 'See your user name', 'Deinen Benutzernamen sehen']],
  salesforce: [
    ['api', 'Read and change your data in Salesforce', 'Deine Daten in Salesforce lesen und ändern'],
    ['refresh_token', 'Stay connected while you are away', 'Verbunden bleiben, wenn du nicht da bist'],
  ],
  shopify: [['read_products', 'Read the products of your shop', 'Die Produkte deines Shops lesen']],
  spotify: [
    ['user-read-email', 'See your e-mail address', 'Deine E-Mail-Adresse sehen'],
    ['user-read-private', 'See your country and subscription', 'Dein Land und dein Abo sehen'],
  ],
  'stripe-connect': [
    [
      'read_write',
      'Read and change everything in your Stripe account',
      'Alles in deinem Stripe-Konto lesen und ändern',
    ],
  ],
  todoist: [
    ['data:read_write', 'Read and change your tasks and projects', 'Deine Aufgaben und Projekte lesen und ändern'],
  ],
  twitch: [['user:read:email', 'See your e-mail address', 'Deine E-Mail-Adresse sehen']],
  x: [
    ['users.read', 'See profiles that you can see', 'Profile sehen, die du sehen kannst'],
    ['tweet.read', 'Read posts that you can read', 'Beiträge lesen, die du lesen kannst'],
  ],
  apple: [['name', 'Know your name', 'Deinen Namen kennen']],
  trello: [['read:member:trello', 'See your name and profile', 'Deinen Namen und dein Profil sehen']],
  zendesk: [
    ['read', 'Read what you can read in Zendesk', 'Lesen, was du in Zendesk lesen kannst'],
    ['write', 'Change what you can change in Zendesk', 'Ändern, was du in Zendesk ändern kannst'],
  ],
};
