// Stands for an Asio that is too new; only its number is ever read.
#define ASIO_VERSION 103300
