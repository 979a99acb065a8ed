"""Style sheet of `studio.theme`. An @name stands for a color of `theme.Scheme` or for a small image.

A focused combo box is as high as another but keeps its vertical padding: Qt takes the margins of its list from it, once
when the list is created and again whenever it opens, and cuts the last item where they differ.

Lengths above 2px are those of the usual scale. 14-1px is the scaled 14 less 1, the room for an unscaled border. Roles
are given by object name (primary, danger, link, headline, title, muted, error, banner, footer, card, group, popup,
formula, tour, chip, name, plot) and by the properties hasMenu and severity.
"""

from __future__ import annotations

STYLE_SHEET = """
QToolTip { color: @surface; background: @text; border: 0; padding: 4px 6px; }

QPushButton, QToolButton { border: 1px solid @outline; border-radius: 6px; background: @surface; color: @text; }
QPushButton { padding: 5px 14px; min-height: 18px; icon-size: 16px; }
QToolButton { padding: 4px; icon-size: 16px; }
QToolButton[toolButtonStyle="2"] { padding: 4px 10px 4px 6px; }
QPushButton:hover, QToolButton:hover { border-color: @accent; background: @notice_strip; }
QPushButton:pressed, QToolButton:pressed { background: @sunken; }
QPushButton:focus, QToolButton:focus { border: 2px solid @accent; }
QPushButton:focus { padding: 5-1px 14-1px; }
QToolButton:focus { padding: 4-1px; }
QToolButton:checked, QPushButton:checked { background: @notice_strip; border-color: @accent; }
QPushButton:disabled, QToolButton:disabled { color: @faded; border-color: @border; background: @window; }
QToolButton[autoRaise="true"] { border-color: transparent; background: transparent; }
QToolButton[autoRaise="true"]:hover { background: @sunken; }
QToolButton[autoRaise="true"]:focus { border-color: @accent; }
QToolButton::menu-indicator, QPushButton::menu-indicator {
    image: url(@caret); width: 10px; height: 10px; subcontrol-origin: padding; subcontrol-position: center right;
    right: 6px;
}
QPushButton[hasMenu="true"] { padding-right: 24px; }
QToolButton[hasMenu="true"] { padding-right: 18px; }
QToolButton[hasMenu="true"]::menu-indicator { right: 3px; }

QPushButton#primary { background: @accent; border-color: @accent; color: @on_accent; font-weight: 600; }
QPushButton#primary:hover { background: @accent_hover; border-color: @accent_hover; }
QPushButton#primary:focus { border-color: @text; }
QPushButton#primary:disabled { background: @sunken; border-color: @sunken; color: @faded; }
QPushButton#danger { color: @error; border-color: @error; }
QPushButton#danger:hover { background: @error; color: @on_error; }
QPushButton#danger:focus { border: 2px solid @error; }
QPushButton#danger:disabled { color: @faded; border-color: @border; }

QPushButton#link { border-color: transparent; background: transparent; padding: 3px 10px; }
QPushButton#link:hover { background: @sunken; }
QPushButton#link:focus { border: 2px solid @accent; padding: 3-1px 10-1px; }

QLineEdit, QPlainTextEdit, QTextEdit, QAbstractSpinBox, QComboBox {
    border: 1px solid @outline; border-radius: 6px; background: @surface; color: @text;
    selection-background-color: @accent; selection-color: @on_accent;
}
QLineEdit, QAbstractSpinBox, QComboBox { padding: 3px 6px; min-height: 20px; }
QComboBox QLineEdit { border: 0; padding: 0; min-height: 0; background: transparent; }
QAbstractSpinBox QLineEdit { border: 0; padding: 0; min-height: 0; background: transparent; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QAbstractSpinBox:focus, QComboBox:focus {
    border: 2px solid @accent;
}
QLineEdit:focus, QAbstractSpinBox:focus { padding: 3-1px 6-1px; }
QComboBox:focus { padding: 3px 6-1px; min-height: 20-2px; }
QComboBox QLineEdit:focus { border: 0; padding: 0; }
QAbstractSpinBox QLineEdit:focus { border: 0; padding: 0; }
QLineEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled {
    color: @faded; border-color: @border; background: @window;
}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {
    width: 18px; border: 0; background: transparent; subcontrol-origin: border;
}
QAbstractSpinBox::up-button { subcontrol-position: top right; margin: 2px 2px 0 0; }
QAbstractSpinBox::down-button { subcontrol-position: bottom right; margin: 0 2px 2px 0; }
QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover { background: @sunken; border-radius: 3px; }
QAbstractSpinBox::up-arrow { image: url(@caret_up); width: 9px; height: 9px; }
QAbstractSpinBox::down-arrow { image: url(@caret); width: 9px; height: 9px; }
QComboBox::drop-down { border: 0; width: 22px; }
QComboBox::down-arrow { image: url(@caret); width: 11px; height: 11px; }
QComboBox QAbstractItemView { background: @surface; border: 1px solid @border; outline: 0; padding: 4px; }

QCheckBox, QRadioButton { spacing: 7px; color: @text; }
QCheckBox:disabled, QRadioButton:disabled { color: @faded; }
QCheckBox::indicator, QRadioButton::indicator {
    width: 14px; height: 14px; border: 1px solid @outline; background: @surface;
}
QCheckBox::indicator { border-radius: 4px; }
QRadioButton::indicator { border-radius: 8px; }
QCheckBox::indicator:hover, QRadioButton::indicator:hover, QCheckBox::indicator:focus, QRadioButton::indicator:focus {
    border: 2px solid @accent; width: 14-2px; height: 14-2px;
}
QCheckBox::indicator:checked { background: @accent; border-color: @accent; image: url(@tick); }
QCheckBox::indicator:checked:focus, QRadioButton::indicator:checked:focus { border-color: @text; }
QRadioButton::indicator:checked { border-color: @accent; image: url(@dot); }
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled { border-color: @border; background: @sunken; }

QSlider:horizontal { min-height: 22px; }
QSlider::groove:horizontal { height: 4px; border-radius: 2px; background: @slot; }
QSlider::sub-page:horizontal { height: 4px; border-radius: 2px; background: @accent; }
QSlider::handle:horizontal {
    width: 14px; height: 14px; margin: -6px 0; border-radius: 7px; border: 1px solid @accent; background: @surface;
}
QSlider::handle:horizontal:hover { background: @notice_strip; }
QSlider::handle:horizontal:focus { background: @accent; border-color: @text; }
QSlider::sub-page:horizontal:disabled { background: @border; }
QSlider::handle:horizontal:disabled { border-color: @border; }

QProgressBar { border: 0; border-radius: 4px; background: @slot; min-height: 8px; max-height: 8px; color: transparent; }
QProgressBar::chunk { border-radius: 4px; background: @accent; }

QGroupBox { border: 1px solid @border; border-radius: 8px; margin-top: 18px; padding: 10px 8px 8px 8px; }
QGroupBox#settings { padding-left: 0; }
QGroupBox::title { subcontrol-origin: margin; left: 4px; color: @text; font-weight: 600; }
QTabWidget::pane { border: 0; border-top: 1px solid @border; }
QTabBar::tab {
    padding: 7px 14px; border: 0; border-bottom: 2px solid transparent; color: @muted; background: transparent;
}
QTabBar::tab:hover { color: @text; }
QTabBar::tab:selected { color: @text; border-bottom-color: @accent; }
QTabBar::tab:focus { color: @accent; }

QMenu { icon-size: 16px; background: @surface; color: @text; border: 1px solid @border; padding: 5px; }
QMenu::item { padding: 6px 22px 6px 12px; border-radius: 4px; }
QMenu::item:selected { background: @accent; color: @on_accent; }
QMenu::item:disabled { color: @faded; background: transparent; }
QMenu::icon { padding-left: 8px; }
QMenu::separator { height: 1px; background: @border; margin: 5px 8px; }

QScrollArea { border: 0; }
QScrollBar:vertical { width: 12px; background: transparent; margin: 0; }
QScrollBar:horizontal { height: 12px; background: transparent; margin: 0; }
QScrollBar::handle { background: @outline; border-radius: 4px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 28px; }
QScrollBar::handle:horizontal { min-width: 28px; }
QScrollBar::handle:hover { background: @muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QSplitter::handle { background: @border; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QStatusBar { color: @muted; }
QStatusBar::item { border: 0; }

QLabel#headline { font-size: 19px; font-weight: 600; }
QLabel#muted { color: @muted; }
QLabel#title { font-size: 15px; font-weight: 600; }
QLabel#plot { font-weight: 600; }

QFrame#tour { border: 2px solid @accent; border-radius: 8px; background: @surface; }
QFrame#popup { border: 1px solid @outline; background: @surface; }
QLabel#formula { background: @sunken; border-radius: 4px; padding: 6px 8px; }
QFrame#card { border-radius: 8px; border: 1px solid @border; background: @surface; }
QFrame#group { border-radius: 8px; border: 1px solid @border; }

QLabel#error { color: @error; }

QToolButton#chip { border-radius: 11px; padding: 3px 12px; font-weight: 600; color: @muted; }
QToolButton#chip:focus { padding: 3-1px 12-1px; }
QToolButton#chip[severity="bad"] { background: @error_strip; border-color: @error; color: @error; }
QToolButton#chip[severity="watch"] { background: @surface; border-color: @caution; color: @caution; }
QToolButton#chip[severity="good"] { background: @good_strip; border-color: @good; color: @good; }
QLineEdit#name { border-color: transparent; background: transparent; font-size: 15px; font-weight: 600; }
QLineEdit#name:hover { border-color: @outline; }
QLineEdit#name:focus { border-color: @accent; background: @surface; }

QToolButton#mark, QToolButton#mark:focus { padding: 0; }

QToolBar { icon-size: 20px; border: 0; border-bottom: 1px solid @border; padding: 3px 10px; spacing: 4px; }
QToolBar QToolButton[autoRaise="true"] { padding: 5px 12px 5px 8px; }
QToolBar QToolButton#qt_toolbar_ext_button { padding: 0; margin: 0; border: 0; }
QToolBar QToolButton[autoRaise="true"]:checked { background: @notice_strip; border-color: @accent; }
QFrame#footer { border: 0; border-top: 1px solid @border; background: @surface; }

QFrame#banner { border-radius: 8px; border: 1px solid @border; background: @surface; }
QFrame#banner[kind="error"] { background: @error_strip; border-color: @error; }
QFrame#banner[kind="notice"] { background: @notice_strip; border-color: @accent; }
QFrame#banner[kind="good"] { background: @good_strip; border-color: @good; }
"""
