import { zodResolver } from '@hookform/resolvers/zod'
import { CircleCheck } from 'lucide-react'
import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { z } from 'zod'
import { account, nameOf } from '../api/account'
import { email } from '../components/auth/schemas'
import { Field, FormError, inputClass, TextField } from '../components/form/fields'
import { showProblem } from '../components/form/problem'
import { OperatorText } from '../components/OperatorText'
import { Button } from '../components/ui'
import { useAuth } from '../contexts/auth'
import { useTitle } from '../hooks/useTitle'
import { t } from '../i18n'

const texts = t.contact
const text = (most: number) => z.string().trim().min(1, t.form.required).max(most, t.form.tooLong(most))
const schema = z.object({ name: text(100), email, subject: text(150), message: text(5000) })

/** `/contact` */
export default function ContactPage() {
  useTitle(texts.title)
  const { user } = useAuth()
  const [sent, setSent] = useState(false)
  const form = useForm({
    resolver: zodResolver(schema),
    defaultValues: {
      name: user == null ? '' : nameOf(user),
      email: user?.email ?? '',
      subject: '',
      message: '',
    },
  })
  const { errors, isSubmitting } = form.formState
  const submit = form.handleSubmit(async (values) => {
    try {
      await account.contact(values)
      form.reset({ ...values, subject: '', message: '' })
      setSent(true)
    } catch (error) {
      showProblem(error, ['name', 'email', 'subject', 'message'], form.setError)
    }
  })
  if (sent) {
    return (
      <div role="status" className="flex flex-col items-center gap-2 px-4 py-16 text-center">
        <CircleCheck aria-hidden className="size-8 text-ok" />
        <h1 className="text-xl font-semibold">{texts.sent}</h1>
        <p className="text-base text-muted">{texts.sentText}</p>
        <Button
          className="mt-3"
          onClick={() => {
            setSent(false)
          }}
        >
          {texts.another}
        </Button>
      </div>
    )
  }
  return (
    <div className="mx-auto w-full max-w-xl px-4 py-8">
      <h1 className="text-2xl font-semibold tracking-tight text-balance">{texts.heading}</h1>
      <p className="mt-1 mb-6 text-base text-muted">{texts.lead}</p>
      <OperatorText page="contact" className="mb-6 border-b border-line pb-6 text-base" />
      <form noValidate onSubmit={(event) => void submit(event)} className="flex flex-col gap-4">
        <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
          <TextField
            label={t.form.name}
            autoComplete="name"
            error={errors.name?.message}
            {...form.register('name')}
          />
          <TextField
            label={t.form.email}
            type="email"
            autoComplete="email"
            error={errors.email?.message}
            {...form.register('email')}
          />
        </div>
        <TextField label={texts.subject} error={errors.subject?.message} {...form.register('subject')} />
        <Field label={texts.message} error={errors.message?.message}>
          {(ids) => (
            <textarea
              {...ids}
              rows={8}
              className={`${inputClass} h-auto py-2`}
              {...form.register('message')}
            />
          )}
        </Field>
        <FormError message={errors.root?.message} />
        <Button type="submit" variant="solid" disabled={isSubmitting} className="min-h-9 self-start px-6">
          {isSubmitting ? t.form.working : texts.submit}
        </Button>
      </form>
    </div>
  )
}
