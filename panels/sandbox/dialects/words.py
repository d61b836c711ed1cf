"""Words from which dialects are drawn: English, Russian in Latin letters, and nonsense."""

from __future__ import annotations

Pair = tuple[str, str]

NONSENSE = ("zorp", "qx7", "blim", "fnord", "wub", "tk42", "yarp", "glif", "moq", "dzin", "plok",
            "vree", "hux3", "snib", "trell", "okka")  # fmt: skip
"""What a provider's own plugin may call things: nothing can be read from these."""

MODULE_LISTS = ("processing", "processingmodule", "modules", "pm", "handlers", "engines",
                "backends", "obrabotka", "obrabotchiki", "moduli", "servery")  # fmt: skip
"""What the list of a plan's modules may be called, behind ``pricelist.``."""
SECOND = ("log", "_history", "stat", ".usage", "_archive")
"""Behind the same word: a list that is something else."""

SWITCHES: tuple[Pair, ...] = (
    ("resume", "suspend"), ("enable", "disable"), ("on", "off"), ("activate", "deactivate"),
    ("attach", "detach"), ("allow", "forbid"), ("turn_on", "turn_off"), ("start", "stop"),
    ("vkl", "vykl"), ("vkluchit", "otkluchit"),
)  # fmt: skip
SWITCH_LABELS: tuple[Pair, ...] = (
    ("Enable", "Disable"), ("Turn on", "Turn off"), ("Activate", "Deactivate"),
    ("Включить", "Выключить"), ("Подключить", "Отключить"), ("Разрешить", "Запретить"),
)  # fmt: skip
SWITCH_ICONS: tuple[Pair, ...] = (
    ("t-enable", "t-disable"), ("t-on", "t-off"), ("p-resume", "p-suspend"),
)  # fmt: skip
MORE_TOOLS = (
    ("raise", "Move up", "group"), ("lower", "Move down", "group"),
    ("setdefault", "Default", "group"), ("sync", "Synchronise", "group"),
    ("params", "Parameters", "edit"), ("delete", "Delete", "group"),
)  # fmt: skip
"""Buttons that switch nothing: name, label, kind."""

FLAGS = ("active", "status", "enabled", "in_use", "attached", "state", "vkl", "sostoyanie")
CODES: tuple[Pair, ...] = (("2", "3"), ("1", "0"), ("yes", "no"), ("on", "off"), ("a", "d"))

TAKE_BUTTONS = ("take", "assign", "assign_me", "ok_get", "to_work", "get_task", "vzyat")
CLOSE_BUTTONS = ("close", "finish_task", "done", "ok_close", "complete", "zakryt")
NEXT_BUTTONS = ("next", "snext", "continue", "dalee")
TAKE_LABELS = ("Assign to me", "Take the task", "Взять в работу", "Назначить на себя")
CLOSE_LABELS = ("Close the task", "Complete", "Закрыть задачу", "Завершить")
NEXT_LABELS = ("Next", "Continue", "Далее", "Продолжить")
TAKE_FUNCTIONS = ("task.take", "task.assign", "task.to_work", "task.vzyat")
PERFORMERS = ("performer", "new_performer", "executor", "ispolnitel")
PERFORMER_LABELS = ("Performer", "Исполнитель")
STATUSES = ("status", "task_status", "new_status", "state")
CHECKBOXES = ("closed", "done", "close_task", "finished", "zakryta")
CHECKBOX_LABELS = ("The task is done", "Close the task", "Задача выполнена", "Закрыть задачу")

MODULE_FIELDS = ("processingmodule", "processing_module", "module", "module_id", "handler",
                 "obrabotchik")  # fmt: skip
USERNAME_FIELDS = ("username", "user_name", "login", "param_username", "account", "polzovatel")
PASSWORD_FIELDS = ("password", "passwd", "param_password", "pass", "parol")
USERNAME_LABELS = ("Username", "Login", "Имя пользователя", "Логин")
PASSWORD_LABELS = ("Password", "Пароль")

MANUAL_MODULES = ("pmmanual", "pmmanualprocessing", "pmmanual_vhost", "pmhand", "pmpeople")
MANUAL_TITLES = ("", "Manual processing", "Ручная обработка", "Manual processing (our staff)")
ISPMANAGER_MODULES = ("pmispmgr6", "pmispmgr5", "pmispmgr", "pmispmanager6")
ISPMANAGER_TITLES = ("", "ISPmanager 6", "Hosting on ISPmanager", "Хостинг на ISPmanager")
CREATE_STEPS = ("settings", "finish", "params", "param", "step3")
CREATE_BUTTONS = ("finish", "ok", "save")
URL_FIELDS = ("url", "panel_url", "server_url", "address_url")
OPEN_TYPES = ("postopen", "open", "item_open", "otkrytie")

CURRENCIES = (("EUR", "153"), ("RUB", "126"), ("USD", "55"), ("UAH", "180"), ("KZT", "99"))
