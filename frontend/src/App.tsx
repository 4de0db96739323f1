import { lazy, Suspense } from 'react'
import { flushSync } from 'react-dom'
import { createBrowserRouter, Navigate, RouterProvider } from 'react-router'
import { RequireAdmin, RequireUser } from './components/Guards'
import { Shell } from './components/Shell'
import { Loading } from './components/states'
import { basePath } from './lib/basePath'
import { CrashPage } from './pages/CrashPage'
import { HomePage } from './pages/HomePage'
import { NotFoundPage } from './pages/NotFoundPage'

// Each page comes when it is opened; the live page and the reports share the plot.
const LivePage = lazy(() => import('./pages/LivePage'))
const MultiPage = lazy(() => import('./pages/MultiPage'))
const CompactPage = lazy(() => import('./pages/CompactPage'))
const SessionsPage = lazy(() => import('./pages/SessionsPage'))
const SessionPage = lazy(() => import('./pages/SessionPage'))
const AboutPage = lazy(() => import('./pages/AboutPage'))
const ContactPage = lazy(() => import('./pages/ContactPage'))
const HistoryPage = lazy(() => import('./pages/HistoryPage'))
const EntryPage = lazy(() => import('./pages/EntryPage'))
const ComparePage = lazy(() => import('./pages/ComparePage'))
const SharedPage = lazy(() => import('./pages/SharedPage'))
const SettingsPage = lazy(() => import('./pages/SettingsPage'))
const UploadPage = lazy(() => import('./pages/UploadPage'))
const AdminLayout = lazy(() => import('./pages/admin/AdminLayout'))
const DashboardPage = lazy(() => import('./pages/admin/DashboardPage'))
const UsersPage = lazy(() => import('./pages/admin/UsersPage'))
const UserHistoryPage = lazy(() => import('./pages/admin/UserHistoryPage'))
const UserEntryPage = lazy(() => import('./pages/admin/UserEntryPage'))
const InvitesPage = lazy(() => import('./pages/admin/InvitesPage'))
const LogsPage = lazy(() => import('./pages/admin/LogsPage'))
const ChannelsPage = lazy(() => import('./pages/admin/ChannelsPage'))
const MailPage = lazy(() => import('./pages/admin/MailPage'))
const LegalPage = lazy(() => import('./pages/LegalPage'))
const Login = lazy(() => import('./components/auth/Login'))
const Register = lazy(() => import('./components/auth/Register'))
const VerifyOtp = lazy(() => import('./components/auth/VerifyOtp'))
const ForgotPassword = lazy(() => import('./components/auth/ForgotPassword'))
const ResetPassword = lazy(() => import('./components/auth/ResetPassword'))
const Setup = lazy(() => import('./components/auth/Setup'))

const router = createBrowserRouter(
  [
    {
      element: <Shell />,
      errorElement: <CrashPage />,
      children: [
        { index: true, element: <HomePage /> },
        { path: 'analyze', element: <Navigate to="/" replace state={{ focus: true }} /> },
        { path: 'analyze/:channel', element: <LivePage /> },
        { path: 'multi', element: <MultiPage /> },
        { path: 'sessions', element: <SessionsPage /> },
        { path: 'sessions/:id', element: <SessionPage /> },
        { path: 'about', element: <AboutPage /> },
        { path: 'contact', element: <ContactPage /> },
        { path: 'privacy', element: <LegalPage page="privacy" /> },
        { path: 'terms', element: <LegalPage page="terms" /> },
        { path: 'login', element: <Login /> },
        { path: 'register', element: <Register /> },
        { path: 'invite/:code', element: <Register /> },
        { path: 'verify-otp', element: <VerifyOtp /> },
        { path: 'forgot-password', element: <ForgotPassword /> },
        { path: 'reset-password/:userId/:token', element: <ResetPassword /> },
        { path: 'setup/:token', element: <Setup /> },
        { path: 'shared/:token', element: <SharedPage /> },
        {
          element: <RequireUser />,
          children: [
            { path: 'upload', element: <UploadPage /> },
            { path: 'settings', element: <SettingsPage /> },
            { path: 'history', element: <HistoryPage key="history" /> },
            { path: 'history/archive', element: <HistoryPage key="archive" archived /> },
            { path: 'history/compare', element: <ComparePage /> },
            { path: 'history/:id', element: <EntryPage /> },
          ],
        },
        {
          path: 'admin',
          element: <RequireAdmin />,
          children: [
            {
              element: <AdminLayout />,
              children: [
                { index: true, element: <Navigate to="/admin/dashboard" replace /> },
                { path: 'dashboard', element: <DashboardPage /> },
                { path: 'users', element: <UsersPage /> },
                { path: 'users/:id/history', element: <UserHistoryPage /> },
                { path: 'users/:id/history/:entry', element: <UserEntryPage /> },
                { path: 'invites', element: <InvitesPage /> },
                { path: 'logs', element: <LogsPage /> },
                { path: 'channels', element: <ChannelsPage /> },
                { path: 'mail', element: <MailPage /> },
              ],
            },
          ],
        },
        { path: '*', element: <NotFoundPage /> },
      ],
    },
    { path: 'compact/:channel', element: <CompactPage />, errorElement: <CrashPage /> },
  ],
  { basename: basePath === '' ? '/' : basePath },
)

/** How changes of the address are shown that must not wait; see useAddress. */
const atOnce = (update: () => unknown): undefined => {
  flushSync(update)
}

export function App() {
  return (
    <Suspense fallback={<Loading />}>
      <RouterProvider router={router} flushSync={atOnce} />
    </Suspense>
  )
}
