/** What whoever runs a server tells its users unless they put a text of their own in its place. */
export const legal = {
  privacy: {
    title: 'Privacy',
    heading: 'Privacy notice',
    lead: 'What this installation of chatmood keeps, why, and for how long. Whoever runs it is responsible for it; write to them on the contact page.',
    sections: [
      [
        'Chat that is analysed',
        [
          'chatmood reads the public chat of the channels that its users name, as any visitor of Twitch sees it, without an account.',
          'Of a running analysis the last few thousand messages are held in memory and shown live. What is stored are counts, the course of mood and rate, words and emotes, texts that many people repeated, and the names of those who wrote most. Single messages are not stored.',
          'A message that a moderator removes on Twitch is struck here as well, and taken back out of the counts.',
        ],
      ],
      [
        'Your account',
        [
          'An account holds your name, e-mail address, a scrambled form of your password, a picture if you set one, your sign-ins (time, network address, browser), and the analyses, notes and tags that you saved.',
          'A log of what was done (signing in, saving, deleting and the like) helps the administrator to find faults and misuse.',
          'You can take all of it with you and delete your account in the settings. Deleting removes your analyses and shared links at once and takes your name out of the log.',
        ],
      ],
      [
        'Cookies and this browser',
        [
          'Two cookies keep you signed in; one more marks the browser of somebody who analyses a channel without signing in. They are only sent to this server and no script can read them. There are no others.',
          'The browser remembers your theme, language, whether single keys are shortcuts, whether emotes are shown as pictures, and, while you are signed in, a short-lived access token for programs of your own.',
          'The pages load nothing from other sites and tell nobody that you were here, unless you choose to see pictures of emotes where whoever runs this server allows them: those come from Twitch’s servers, or the ones named beside the switch, which then see your network address.',
        ],
      ],
      [
        'Others',
        [
          'Mail is sent through the mail service of whoever runs this server. If they set up a language model for summaries, it is given the figures of an analysis; chat text only where they allowed that too.',
          'A link that you share shows its report to everybody who has it until it runs out or you take it back. You choose whether it names chatters.',
        ],
      ],
    ],
  },
  terms: {
    title: 'Terms',
    heading: 'Terms of use',
    lead: 'The rules of this installation. They can be changed by whoever runs it.',
    sections: [
      [
        'Who may use it',
        ['You are at least 14 years old, give an address of your own, and keep your password to yourself.'],
      ],
      [
        'What it is for',
        [
          'chatmood sums up how a public chat feels. Its labels are estimates: many single ones are wrong. Do not judge, punish or expose a person by them.',
          'Do not use it to follow, harass or profile people, or against the rules of Twitch.',
          'Do not share reports in a way that pillories those who are named in them.',
        ],
      ],
      [
        'What you may expect',
        [
          'The service is offered as it is. It may be changed, interrupted or ended; export what you want to keep.',
          'Accounts that disturb others or the server can be suspended.',
        ],
      ],
    ],
  },
} as const satisfies Record<string, LegalText>

export interface LegalText {
  readonly title: string
  readonly heading: string
  readonly lead: string
  readonly sections: readonly (readonly [heading: string, text: readonly string[]])[]
}
